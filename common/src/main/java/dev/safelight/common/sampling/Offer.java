package dev.safelight.common.sampling;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * What a bundle gives to samplers.
 *
 * @param roles of its networks
 * @param tables its artifacts: lists of numbers by name
 * @param traits what else is true of its networks, for example {@code distilled}
 * @param latentSize numbers of the randomness that the denoiser takes, if it is one that draws its answer; else 0
 */
public record Offer(
        Process process,
        Prediction prediction,
        Set<String> roles,
        Map<String, double[]> tables,
        Set<String> traits,
        int latentSize) {

    /** A denoiser without randomness of its own. */
    public Offer(
            Process process,
            Prediction prediction,
            Set<String> roles,
            Map<String, double[]> tables,
            Set<String> traits) {
        this(process, prediction, roles, tables, traits, 0);
    }

    /** A denoiser on a process and nothing else. */
    public static Offer of(Process process, Prediction prediction) {
        return new Offer(process, prediction, Set.of("denoiser"), Map.of(), Set.of());
    }

    /** The same on another process. */
    public Offer on(Process other) {
        return new Offer(other, prediction, roles, tables, traits, latentSize);
    }

    /** The same with another table. */
    public Offer with(String name, double... table) {
        Map<String, double[]> more = new HashMap<>(tables);
        more.put(name, table);
        return new Offer(process, prediction, roles, more, traits, latentSize);
    }

    public double[] table(String name) {
        return tables.get(name);
    }
}
