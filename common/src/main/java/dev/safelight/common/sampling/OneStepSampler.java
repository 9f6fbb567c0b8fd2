package dev.safelight.common.sampling;

/** A sampler that remembers nothing of the steps before but where they led: a one-step method. */
public interface OneStepSampler extends StepSampler<OneStepSampler.State> {

    /** Named so in checkpoints too. */
    record State(int step, float[] x, float[] clean) implements StepSampler.State {}

    @Override
    default State begin(Start start, Plan plan) {
        return new State(0, start.latent(plan.level(0), priorScale(plan)), null);
    }

    /** Standard deviation that pure noise is given at the first level. */
    default double priorScale(Plan plan) {
        return plan.level(0).prior();
    }
}
