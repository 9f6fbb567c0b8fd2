package dev.safelight.worker.sample;

import java.util.List;

/**
 * Classifier-free guidance, null + w·(conditional − null) (Ho and Salimans 2022, with w as weight of the conditional
 * branch): 1 is plain conditional, 0 unconditional, more exaggerates the condition. A branch that the weight does not
 * need is never evaluated.
 */
public record Guidance(double weight) {

    /** The two conditions a network can be asked under. */
    public enum Branch {
        CONDITIONAL,
        NULL
    }

    /** The branches to evaluate, in the order in which {@link #combine} expects their outputs. */
    public List<Branch> branches() {
        if (weight == 1) {
            return List.of(Branch.CONDITIONAL);
        }
        if (weight == 0) {
            return List.of(Branch.NULL);
        }
        return List.of(Branch.CONDITIONAL, Branch.NULL);
    }

    public float[] combine(List<float[]> outputs) {
        return outputs.size() == 1
                ? outputs.getFirst()
                : Latents.combined(weight, outputs.get(0), 1 - weight, outputs.get(1));
    }
}
