package dev.safelight.common.sampling;

import dev.safelight.common.sampling.schedule.NetworkTime;
import dev.safelight.common.sampling.schedule.NoiseSchedule;
import dev.safelight.common.sampling.schedule.RectifiedFlow;
import dev.safelight.common.sampling.schedule.SigmaLadder;
import dev.safelight.common.sampling.schedule.VeDiffusion;
import dev.safelight.common.sampling.schedule.VpDiffusion;
import java.util.List;
import java.util.Map;

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
                Offer.of(new RectifiedFlow(1000, 1, NetworkTime.OWN), Prediction.FLOW));
    }

    /** The plainest bundle that a method can run on. */
    public static Offer offerFor(Method method) {
        return offers().stream()
                .filter(offer -> method.lacking(offer).isEmpty())
                .findFirst()
                .orElseThrow();
    }
}
