package dev.safelight.worker.sample;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Every sampler there is, by the name that requests use. */
public final class Samplers {

    /** What a request can set; each method takes what it knows. */
    public record Options(double eta) {}

    /**
     * An entry of the list.
     *
     * @param description one line for model lists and documents
     * @param evaluationsPerStep how often a step asks the denoiser
     * @param grid the times it needs
     */
    public record Method(
            String name,
            String description,
            int evaluationsPerStep,
            Spacing.Grid grid,
            Function<Options, Sampler<?>> create) {}

    private static final Map<String, Method> METHODS = Stream.of(
                    new Method(
                            "ddpm",
                            "Ancestral sampling of the Markov chain; wants many steps, fresh noise in each",
                            1,
                            Spacing.Grid.WHOLE,
                            options -> new Ddpm(Ddpm.Variance.SMALL)),
                    new Method(
                            "ddim",
                            "Deterministic at eta 0, as noisy as ddpm at eta 1; first order",
                            1,
                            Spacing.Grid.WHOLE,
                            options -> new Ddim(options.eta())),
                    new Method(
                            "euler",
                            "Euler's method on the probability-flow ODE, first order",
                            1,
                            Spacing.Grid.FRACTIONAL,
                            options -> new Euler()),
                    new Method(
                            "dpmpp-2m",
                            "DPM-Solver++(2M), second order from one evaluation a step; the choice for few steps",
                            1,
                            Spacing.Grid.WHOLE_WITHOUT_LOWEST,
                            options -> new DpmPlusPlus()))
            .collect(Collectors.toMap(Method::name, method -> method, (a, b) -> a, LinkedHashMap::new));

    private Samplers() {}

    public static List<Method> all() {
        return List.copyOf(METHODS.values());
    }

    public static Optional<Method> find(String name) {
        return Optional.ofNullable(METHODS.get(name));
    }
}
