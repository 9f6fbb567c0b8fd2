package dev.safelight.worker.sample;

import dev.safelight.common.sampling.Method;

/** The arithmetic behind every name that requests may use. */
public final class Samplers {

    /** What a request can set; each sampler takes what it knows. */
    public record Options(double eta) {}

    private Samplers() {}

    public static Sampler<?> create(Method method, Options options) {
        return switch (method) {
            case DDPM -> new Ddpm(Ddpm.Variance.SMALL);
            case DDIM -> new Ddim(options.eta());
            case EULER -> new Euler();
            case DPMPP_2M -> new DpmPlusPlus();
        };
    }
}
