package dev.safelight.common.sampling.noise;

import dev.safelight.common.sampling.Noise;
import dev.safelight.common.sampling.Option;
import dev.safelight.common.sampling.Values;
import java.util.List;
import java.util.Locale;

/** Where the random numbers of a walk come from. */
public enum NoiseSource {
    /** A counter; the same on every machine, in any order. */
    COUNTER {
        @Override
        public Noise of(long seed, List<Integer> beginning) {
            return new GaussianNoise(seed);
        }
    },
    /** What torch draws on an x86 CPU. */
    TORCH {
        @Override
        public Noise of(long seed, List<Integer> beginning) {
            return new TorchNoise(seed, beginning);
        }
    };

    /** What a request says about it. */
    public static final Option.Word NOISE = new Option.Word(
            "noise",
            "Where random numbers come from: counter, or torch for those that torch draws on an x86 CPU after"
                    + " manual_seed, so that a picture of the Python package diffusers can be made again",
            List.of("counter", "torch"),
            "counter");

    /** The source that a request asks for. */
    public static NoiseSource of(Values values) {
        return valueOf(values.get(NOISE).toUpperCase(Locale.ROOT));
    }

    /** One for each walk that begins in noise. */
    public Noise of(long seed) {
        return of(seed, List.of(Noise.START));
    }

    /**
     * One for each walk.
     *
     * @param beginning the streams that the walk draws from before its first step, in the order of the pipelines of the
     *     package diffusers
     */
    public abstract Noise of(long seed, List<Integer> beginning);
}
