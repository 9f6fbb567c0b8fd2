package dev.safelight.common.sampling.guidance;

import dev.safelight.common.sampling.Option;
import dev.safelight.common.sampling.Values;
import java.util.List;
import java.util.stream.Stream;

/** What a request can say about guidance beyond its weight. */
public final class GuidanceOptions {
    /** The weight itself, for methods whose arithmetic depends on it; a field of every input. */
    public static final Option.Real WEIGHT =
            new Option.Real("guidance", "Weight of classifier-free guidance", 0, 1e6, 1.0);

    public static final Option.Text NEGATIVE =
            new Option.Text("negative", "A class to get away from, in place of no class; guidance says how far");
    public static final Option.Terms COMPOSE = new Option.Terms(
            "compose",
            "Several classes at once, each with a weight, in place of class; guidance multiplies all weights",
            8);
    public static final Option.Real RESCALE = new Option.Real(
            "guidance_rescale",
            "How far the contrast of the guided answer is brought back to that of the conditional one",
            0,
            1,
            0.0);
    public static final Option.Real SIGMA_MIN =
            new Option.Real("guidance_sigma_min", "Guidance acts from this noise level (s/a) on", 0, 1e6, 0.0);
    public static final Option.Real SIGMA_MAX =
            new Option.Real("guidance_sigma_max", "Guidance acts up to this noise level (s/a)", 0, 1e6, 1e6);
    public static final Option.Word THRESHOLD = new Option.Word(
            "threshold",
            "How the estimate of the clean image is kept in range: not at all, clipped, or scaled by a percentile of its own",
            List.of("none", "static", "dynamic"),
            "none");
    public static final Option.Real PERCENTILE = new Option.Real(
            "threshold_percentile", "The percentile of the dynamic threshold, as a fraction", 0.5, 1, 0.995);
    public static final Option.Flag RENOISE = new Option.Flag(
            "threshold_noise", "Whether the estimate of the noise follows a clean estimate that was moved", false);

    public static final Option.Real CLASSIFIER = new Option.Real(
            "classifier_guidance", "Weight of the gradient of the model's classifier towards the class", 0, 100, 0.0);

    private GuidanceOptions() {}

    /** Those that make sense where a network knows what no class looks like. */
    public static List<Option<?>> ofClasses() {
        return Stream.concat(Stream.<Option<?>>of(NEGATIVE, COMPOSE), ofGuided().stream())
                .toList();
    }

    /** Those that say how guidance acts, whatever the conditions are. */
    public static List<Option<?>> ofGuided() {
        return List.of(RESCALE, SIGMA_MIN, SIGMA_MAX);
    }

    /** Those that make sense with every network. */
    public static List<Option<?>> ofAll() {
        return List.of(THRESHOLD, PERCENTILE, RENOISE);
    }

    /** @param low and high: the range of clean data */
    public static Threshold threshold(Values values, double low, double high) {
        return switch (values.get(THRESHOLD)) {
            case "static" -> new Threshold.Static(low, high);
            case "dynamic" -> new Threshold.Dynamic(low, high, values.get(PERCENTILE));
            default -> new Threshold.None();
        };
    }

    public static Guidance.Interval interval(Values values) {
        double highest = values.find(SIGMA_MAX).orElse(Double.POSITIVE_INFINITY);
        return new Guidance.Interval(values.get(SIGMA_MIN), highest);
    }
}
