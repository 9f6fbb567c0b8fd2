package dev.safelight.common.sampling;

import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.IntFunction;

/**
 * One numerical method that walks a latent from noise to data. Samplers have no memory: {@code S} holds all that is
 * needed to go on, in plain data only (numbers, float arrays, lists and records of them), so a walk can be put down
 * between any two steps and taken up elsewhere. Arrays inside a state are never changed.
 */
public interface Sampler<S extends Record> {

    S begin(Start start, Plan plan);

    /**
     * Of the method's arithmetic: raised when a state that an earlier version made no longer leads to the same latent.
     * What a state holds need not be counted; checkpoints know that by themselves.
     */
    default int version() {
        return 1;
    }

    /** One step; may ask the denoiser more than once. */
    S step(S state, Plan plan, Noise noise, Denoiser denoiser);

    /** How many of the plan's steps are behind; an adaptive sampler measures its way in them. */
    int position(S state, Plan plan);

    default boolean done(S state, Plan plan) {
        return position(state, plan) == plan.steps();
    }

    /** The latent in the scale of the process; the clean latent once the walk is done. */
    float[] latent(S state);

    /** The latest estimate of the clean latent, for previews; empty before the first step. */
    Optional<float[]> denoised(S state);

    /** Where a walk begins that has no image to begin from. */
    default Start opening(Noise noise, int size) {
        return Start.noise(noise, size);
    }

    /**
     * A clean latent as the forward process has it at a level: where a walk from an image begins, and what a walk around an
     * image keeps. The noise of one walk is the same at every level.
     */
    default float[] noised(float[] clean, Level level, Noise noise) {
        return Start.image(clean, noise).latent(level, level.prior());
    }

    /**
     * Goes on from a state to the end.
     *
     * @param observer sees the state after each step
     * @return the clean latent
     */
    default float[] walk(S from, Plan plan, Noise noise, Denoiser denoiser, Consumer<S> observer) {
        return walk(from, plan, noise, _ -> denoiser, observer);
    }

    /** @param denoisers whom to ask, by the number of steps that are behind */
    default float[] walk(S from, Plan plan, Noise noise, IntFunction<Denoiser> denoisers, Consumer<S> observer) {
        S state = from;
        while (!done(state, plan)) {
            state = step(state, plan, noise, denoisers.apply(position(state, plan)));
            observer.accept(state);
        }
        return latent(state);
    }
}
