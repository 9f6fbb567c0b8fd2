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
        public Noise of(long seed) {
            return new GaussianNoise(seed);
        }
    },
    /** What torch draws on an x86 CPU. */
    TORCH {
        @Override
        public Noise of(long seed) {
            return new TorchNoise(seed);
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

    /** One for each walk. */
    public abstract Noise of(long seed);
}
