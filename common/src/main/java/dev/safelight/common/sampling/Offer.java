package dev.safelight.common.sampling;

import java.util.Map;
import java.util.Set;

/**
 * What a bundle gives to samplers.
 *
 * @param roles of its networks
 * @param tables its artifacts: lists of numbers by name
 * @param traits what else is true of its networks, for example {@code distilled}
 */
public record Offer(
        Process process, Prediction prediction, Set<String> roles, Map<String, double[]> tables, Set<String> traits) {

    /** A denoiser on a process and nothing else. */
    public static Offer of(Process process, Prediction prediction) {
        return new Offer(process, prediction, Set.of("denoiser"), Map.of(), Set.of());
    }

    public double[] table(String name) {
        return tables.get(name);
    }
}
