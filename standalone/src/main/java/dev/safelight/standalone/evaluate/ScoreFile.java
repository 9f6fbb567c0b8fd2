package dev.safelight.standalone.evaluate;

import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.wire.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Scores that were had so far, one JSON object a line, so that an evaluation which was stopped goes on where it was. A line
 * that was cut off by a crash is passed over.
 */
final class ScoreFile {
    private final Optional<Path> file;
    private final List<Entry> entries = new ArrayList<>();

    /**
     * @param bundle digest of the bundle, whose numbers mean nothing for another
     * @param judge digest of the bundle that judged
     * @param each pictures of every class
     * @param input all that was asked for besides the class
     */
    record Entry(
            String model, String bundle, String judge, int each, GenerationInput input, Scores scores, Instant at) {
        boolean answers(String otherBundle, String otherJudge, int otherEach, GenerationInput otherInput) {
            return bundle.equals(otherBundle)
                    && judge.equals(otherJudge)
                    && each == otherEach
                    && Json.write(input).equals(Json.write(otherInput));
        }
    }

    /** @param file made when there is none; empty keeps nothing */
    ScoreFile(Optional<Path> file) throws IOException {
        this.file = file;
        if (file.isPresent() && Files.exists(file.get())) {
            for (String line : Files.readAllLines(file.get())) {
                entry(line).ifPresent(entries::add);
            }
        }
    }

    private static Optional<Entry> entry(String line) {
        try {
            return Optional.of(Json.MAPPER.readValue(line, Entry.class));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    Optional<Scores> find(String bundle, String judge, int each, GenerationInput input) {
        return entries.stream()
                .filter(entry -> entry.answers(bundle, judge, each, input))
                .map(Entry::scores)
                .findFirst();
    }

    void add(Entry entry) throws IOException {
        entries.add(entry);
        if (file.isPresent()) {
            // A line that was cut off by a crash is ended first.
            Files.writeString(
                    file.get(), "\n" + Json.write(entry) + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        }
    }
}
