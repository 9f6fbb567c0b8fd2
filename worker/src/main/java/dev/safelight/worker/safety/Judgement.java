package dev.safelight.worker.safety;

import dev.safelight.common.bundle.Manifest;

/**
 * What somebody said of one picture.
 *
 * @param score or null
 * @param reason in words for clients, or null
 */
public record Judgement(Verdict verdict, Double score, String reason) {
    static final Judgement NOTHING = new Judgement(Verdict.PASS, null, null);

    /** Of a network's score. One that is no number is an objection: nobody knows what it would have been. */
    static Judgement of(double score, Manifest.Safety rule) {
        boolean objects = !(score < rule.threshold());
        return new Judgement(
                objects ? Verdict.of(rule.action()).orElseThrow() : Verdict.PASS,
                Double.isFinite(score) ? score : null,
                null);
    }

    /** The severer of the two; this one where they agree. */
    Judgement or(Judgement other) {
        return other.verdict.compareTo(verdict) > 0 ? other : this;
    }
}
