package dev.safelight.common.sampling;

import java.util.Optional;

/** A sampler whose state counts its steps and keeps the latent as it is: what most samplers are. */
public interface StepSampler<S extends Record & StepSampler.State> extends Sampler<S> {

    /** What their states have in common. */
    interface State {
        /** Steps that are behind. */
        int step();

        /** The latent in the scale of the process. */
        float[] x();

        /** D of the step before; null before the first. */
        float[] clean();
    }

    @Override
    default int position(S state, Plan plan) {
        return state.step();
    }

    @Override
    default float[] latent(S state) {
        return state.x();
    }

    @Override
    default Optional<float[]> denoised(S state) {
        return Optional.ofNullable(state.clean());
    }
}
