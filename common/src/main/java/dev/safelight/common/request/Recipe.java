package dev.safelight.common.request;

import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Sampler;
import dev.safelight.common.sampling.guidance.Guidance;
import dev.safelight.common.sampling.guidance.Threshold;
import dev.safelight.common.sampling.noise.NoiseSource;
import java.util.List;

/**
 * An input translated into arithmetic. The API makes one to see whether the input can be run, the worker makes the same
 * and runs it.
 *
 * @param labels the class of each of the guidance's conditions, in their order; null stands for no class
 * @param classifier weight of the gradient of the model's classifier; 0 for none
 * @param renoise whether E follows D where the threshold has moved it
 * @param noise where random numbers come from
 */
public record Recipe(
        Method method,
        Sampler<?> sampler,
        Plan plan,
        Guidance guidance,
        List<String> labels,
        Threshold threshold,
        boolean renoise,
        double classifier,
        NoiseSource noise) {

    /** What became of an input. */
    public sealed interface Reading {}

    public record Possible(Recipe recipe) implements Reading {}

    /** @param problems at least one */
    public record Impossible(List<Problem> problems) implements Reading {
        /** All in one line. */
        public String message() {
            return String.join("; ", problems.stream().map(Problem::detail).toList());
        }
    }
}
