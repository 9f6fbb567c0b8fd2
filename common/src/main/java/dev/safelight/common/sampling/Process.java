package dev.safelight.common.sampling;

import java.util.List;

/**
 * The forward process that a network was trained on: how data turn into noise, as levels (a, s) over a time of its own.
 * Samplers know nothing else of it.
 */
public interface Process {

    /** The families of processes, by the word in manifests. */
    enum Kind {
        /** a² + s² = 1. */
        VP("vp"),
        /** s = 1 − a² (Song et al. 2021, sub-VP). */
        SUB_VP("sub-vp"),
        /** a = 1, s = σ. */
        VE("ve"),
        /** a = 1 − t, s = t. */
        FLOW("flow"),
        /** A degradation without noise (Bansal et al. 2022). */
        COLD("cold"),
        /** An SDE whose drift is a network (Zhang and Chen 2021). */
        LEARNED("learned");

        private final String word;

        Kind(String word) {
            this.word = word;
        }

        public String word() {
            return word;
        }
    }

    Kind kind();

    /** @param time in the process's own unit: a 0-based training index, or t in (0, 1] */
    Level level(double time);

    /** Whether a time, in the process's own unit, lies between the first and the last that the network was trained at. */
    boolean covers(double time);

    /** Whether the network was trained at a time. */
    default boolean trainedAt(double time) {
        return covers(time) && (!discrete() || time == Math.rint(time));
    }

    /** The level of a given σ̂ = s/a, with the time at which a network would have met it. */
    Level atSigma(double sigma);

    /** σ̂ of the cleanest level that the network was trained on. */
    double lowestSigma();

    /** σ̂ of the noisiest level that the network was trained on; infinite where no signal is left. */
    double highestSigma();

    /**
     * The levels of N evaluations, from noise to data; where the walk ends is not among them.
     *
     * @throws IllegalArgumentException when N steps cannot be laid out; the message says why
     */
    List<Level> spaced(Spacing spacing, int steps, Spacing.Grid grid);

    /** Where a walk ends: clean data, or the cleanest level that was trained. */
    default Level end() {
        return Level.CLEAN;
    }

    /** Whether the network only knows times that are whole numbers. */
    boolean discrete();
}
