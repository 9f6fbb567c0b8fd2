package dev.safelight.common.sampling.schedule;

import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Spacing;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The straight path x = (1 − t)x0 + t z of flow matching (Liu et al. 2022, Lipman et al. 2022).
 *
 * @param trainSteps T: the network was trained at t = 1/T, 2/T, … 1
 * @param shift k of t ← kt/(1 + (k − 1)t), which spends more steps on noise for larger pictures (Esser et al. 2024, eq. 23)
 */
public record RectifiedFlow(int trainSteps, double shift, NetworkTime networkTime) implements SmoothProcess {

    @Override
    public Kind kind() {
        return Kind.FLOW;
    }

    @Override
    public double lowestTime() {
        return shifted(1.0 / trainSteps);
    }

    private double shifted(double t) {
        return shift * t / (1 + (shift - 1) * t);
    }

    /** The same path with other steps. */
    public RectifiedFlow withShift(double k) {
        return new RectifiedFlow(trainSteps, k, networkTime);
    }

    @Override
    public double signal(double t) {
        return 1 - t;
    }

    @Override
    public double noise(double t) {
        return t;
    }

    @Override
    public double signalRate(double t) {
        return -1;
    }

    @Override
    public double noiseRate(double t) {
        return 1;
    }

    @Override
    public double timeOfSigma(double sigma) {
        return Double.isInfinite(sigma) ? 1 : sigma / (1 + sigma);
    }

    /** Equal steps from 1 to 1/T, of trailing spacing to 1/N, then shifted. */
    @Override
    public List<Level> spaced(Spacing spacing, int steps, Spacing.Grid grid) {
        double lowest = 1.0 / (spacing == Spacing.TRAILING ? steps : trainSteps);
        return IntStream.range(0, steps)
                .mapToDouble(i -> steps == 1 ? 1 : 1 + i * (lowest - 1) / (steps - 1))
                .mapToObj(t -> level(shifted(t)))
                .toList();
    }
}
