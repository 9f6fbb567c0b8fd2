package dev.safelight.common.sampling;

import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The samplers that a request may name: what the API has to know of each to refuse what cannot run. The arithmetic is the
 * worker's.
 */
public enum Method {
    DDPM("Ancestral sampling of the Markov chain; wants many steps, fresh noise in each", Spacing.Grid.WHOLE),
    DDIM("Deterministic at eta 0, as noisy as ddpm at eta 1; first order", Spacing.Grid.WHOLE),
    EULER("Euler's method on the probability-flow ODE, first order", Spacing.Grid.FRACTIONAL),
    DPMPP_2M(
            "DPM-Solver++(2M), second order from one evaluation a step; the choice for few steps",
            Spacing.Grid.WHOLE_WITHOUT_LOWEST);

    private final String description;
    private final Spacing.Grid grid;

    Method(String description, Spacing.Grid grid) {
        this.description = description;
        this.grid = grid;
    }

    /** The name in requests and manifests. */
    public String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** One line for model lists and documents. */
    public String description() {
        return description;
    }

    /** The times it needs. */
    public Spacing.Grid grid() {
        return grid;
    }

    /** Empty for a word that names no sampler. */
    public static Optional<Method> find(String word) {
        return Stream.of(values()).filter(method -> method.word().equals(word)).findFirst();
    }
}
