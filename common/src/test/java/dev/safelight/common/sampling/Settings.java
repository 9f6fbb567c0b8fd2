package dev.safelight.common.sampling;

import dev.safelight.common.sampling.degrade.Blur;
import dev.safelight.common.sampling.degrade.Shape;
import dev.safelight.common.sampling.schedule.ColdProcess;
import dev.safelight.common.sampling.schedule.LearnedProcess;
import dev.safelight.common.sampling.schedule.NetworkTime;
import dev.safelight.common.sampling.schedule.NoiseSchedule;
import dev.safelight.common.sampling.schedule.RectifiedFlow;
import dev.safelight.common.sampling.schedule.SigmaLadder;
import dev.safelight.common.sampling.schedule.VeDiffusion;
import dev.safelight.common.sampling.schedule.VpDiffusion;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/** What methods are made from, for tests. */
public final class Settings {
    private Settings() {}

    public static Setting of(Process process, Spacing spacing, int steps) {
        return of(process, spacing, steps, Map.of());
    }

    public static Setting of(Process process, Spacing spacing, int steps, Map<String, Object> options) {
        return new Setting(Offer.of(process, Prediction.EPSILON), steps, spacing, new Values(options));
    }

    /** Bundles of every kind, the plainest first. */
    public static List<Offer> offers() {
        return List.of(
                Offer.of(NoiseSchedule.squaredCosine(1000), Prediction.V),
                Offer.of(VpDiffusion.published(), Prediction.EPSILON),
                Offer.of(new VeDiffusion(0.01, 50, 1e-5, NetworkTime.OWN), Prediction.EPSILON),
                Offer.of(SigmaLadder.geometric(40, 0.01, 5, NetworkTime.OWN), Prediction.SCORE),
                Offer.of(new RectifiedFlow(1000, 1, NetworkTime.OWN), Prediction.FLOW),
                Offer.of(NoiseSchedule.squaredCosine(1000), Prediction.EPSILON)
                        .with("noise-power", falling())
                        .with("clean-error", rising())
                        .with("decoder-nll", rising())
                        .with("gamma-noise", 0.1)
                        .with("mixture-noise", 0.5, -1, 0.3, 0.5, 1, 0.3),
                new Offer(
                        NoiseSchedule.squaredCosine(1000),
                        Prediction.EPSILON,
                        Set.of("denoiser"),
                        Map.of(),
                        Set.of("distilled")),
                new Offer(
                        NoiseSchedule.diffusionGan(9, 0.1, 20),
                        Prediction.X0,
                        Set.of("denoiser"),
                        Map.of(),
                        Set.of(),
                        5),
                Offer.of(new ColdProcess(new Blur(new Shape(1, 4, 4), 30, 0.5, true)), Prediction.X0)
                        .with("cold-start", 1, 1, 0.2, 0.1),
                new Offer(
                        new LearnedProcess(
                                IntStream.rangeClosed(0, 9)
                                        .mapToDouble(i -> i / 9.0)
                                        .toArray(),
                                ones(10)),
                        Prediction.SCORE,
                        Set.of("denoiser", "drift"),
                        Map.of(),
                        Set.of()));
    }

    private static double[] falling() {
        return IntStream.range(0, 1000).mapToDouble(i -> 0.2 + 0.79 * i / 1000).toArray();
    }

    private static double[] rising() {
        return IntStream.range(0, 1000).mapToDouble(i -> 0.01 + i / 1000.0).toArray();
    }

    private static double[] ones(int size) {
        double[] ones = new double[size];
        Arrays.fill(ones, 1);
        return ones;
    }

    /** The plainest bundle that a method can run on. */
    public static Offer offerFor(Method method) {
        return offers().stream()
                .filter(offer -> method.lacking(offer).isEmpty())
                .findFirst()
                .orElseThrow();
    }
}
