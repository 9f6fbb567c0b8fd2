package dev.safelight.worker.generate;

import dev.safelight.common.sampling.Denoiser;
import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Noise;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Sampler;
import dev.safelight.common.sampling.Start;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A control: a sampler that aims a third of a step beyond the level that its next step starts from. */
record WrongTarget<S extends Record>(Sampler<S> right) implements Sampler<WrongTarget.Counted<S>> {

    /** A state with the number of its step. */
    record Counted<S extends Record>(int step, S state) {}

    @Override
    public Counted<S> begin(Start start, Plan plan) {
        return new Counted<>(0, right.begin(start, plan));
    }

    @Override
    public Counted<S> step(Counted<S> state, Plan plan, Noise noise, Denoiser denoiser) {
        List<Level> levels = new ArrayList<>(plan.levels());
        Level target = plan.level(state.step() + 1);
        if (target.noise() > 0) {
            double beyond = (target.lambda() - plan.level(state.step()).lambda()) / 3;
            levels.set(state.step() + 1, Convergence.atLambda(target.lambda() + beyond));
        }
        S next = right.step(state.state(), new Plan(levels, plan.spacing()), noise, denoiser);
        return new Counted<>(state.step() + 1, next);
    }

    @Override
    public int position(Counted<S> state, Plan plan) {
        return right.position(state.state(), plan);
    }

    @Override
    public float[] latent(Counted<S> state) {
        return right.latent(state.state());
    }

    @Override
    public Optional<float[]> denoised(Counted<S> state) {
        return right.denoised(state.state());
    }
}
