package dev.safelight.common.request;

import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Sampler;
import dev.safelight.common.sampling.guidance.Guidance;
import dev.safelight.common.sampling.guidance.Threshold;
import dev.safelight.common.sampling.noise.NoiseSource;
import java.util.List;
import java.util.Optional;

/**
 * An input translated into arithmetic. The API makes one to see whether the input can be run, the worker makes the same
 * and runs it.
 *
 * @param conditions of the guidance, in its order
 * @param classifier weight of the gradient of the model's classifier; 0 for none
 * @param renoise whether E follows D where the threshold has moved it
 * @param noise where random numbers come from
 * @param beginning where walks begin
 * @param masked whether a part of the client's image is kept as it is
 * @param prior how the prior network is asked; empty where it is not
 * @param toldGuidance weight of guidance that the network is told, where it takes one
 * @param loras weights of the bundle's LoRAs, in its order; none where it has none
 */
public record Recipe(
        Method method,
        Sampler<?> sampler,
        Plan plan,
        Guidance guidance,
        List<Condition> conditions,
        Threshold threshold,
        boolean renoise,
        double classifier,
        NoiseSource noise,
        Beginning beginning,
        boolean masked,
        Optional<PriorUse> prior,
        double toldGuidance,
        List<Double> loras) {

    /** Whether it is made from an image of the client's. */
    public boolean takesImage() {
        return masked || beginning instanceof Beginning.AtImage || beginning instanceof Beginning.Inverted;
    }

    /** The weights of the bundle's LoRAs as networks take them. */
    public float[] loraWeights() {
        float[] weights = new float[loras.size()];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = loras.get(i).floatValue();
        }
        return weights;
    }

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
