package dev.safelight.worker.safety;

import java.util.Arrays;
import java.util.Optional;

/** What becomes of a picture, the mildest first. */
public enum Verdict {
    /** It is shown. */
    PASS("pass", "passed"),
    /** It is shown, and the job says that somebody objected. */
    FLAG("flag", "flagged"),
    /** What is shown tells nothing but its colours. */
    BLUR("blur", "blurred"),
    /** It is not stored; the job says so in its place. */
    WITHHOLD("withhold", "withheld");

    private final String word;
    private final String past;

    Verdict(String word, String past) {
        this.word = word;
        this.past = past;
    }

    /** As manifests, configuration and answers say it. */
    public String word() {
        return word;
    }

    /** As jobs show it. */
    public String past() {
        return past;
    }

    public static Optional<Verdict> of(String word) {
        return Arrays.stream(values())
                .filter(verdict -> verdict.word.equals(word))
                .findFirst();
    }
}
