package dev.safelight.common.sampling.schedule;

import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Process;
import dev.safelight.common.sampling.Spacing;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Finitely many noise levels without loss of signal: a = 1, s = σ_i, rising (Song and Ermon 2019).
 *
 * @param sigma rising; index 0 is the cleanest level
 */
public record SigmaLadder(double[] sigma, NetworkTime networkTime) implements Process {

    /** A geometric sequence, as NCSN and NCSNv2 use it. */
    public static SigmaLadder geometric(int levels, double lowest, double highest, NetworkTime networkTime) {
        double ratio = levels == 1 ? 0 : Math.log(highest / lowest) / (levels - 1);
        return new SigmaLadder(
                IntStream.range(0, levels)
                        .mapToDouble(i -> lowest * Math.exp(i * ratio))
                        .toArray(),
                networkTime);
    }

    @Override
    public Kind kind() {
        return Kind.VE;
    }

    @Override
    public boolean discrete() {
        return networkTime.of() == NetworkTime.Quantity.TIME;
    }

    /** Between two indices ln σ is linear. */
    @Override
    public Level level(double index) {
        int below = (int) Math.floor(index);
        double value = below == index
                ? sigma[below]
                : Math.exp((1 - index + below) * Math.log(sigma[below]) + (index - below) * Math.log(sigma[below + 1]));
        return new Level(networkTime.told(index, value), 1, value);
    }

    @Override
    public boolean covers(double index) {
        return index >= 0 && index <= sigma.length - 1;
    }

    @Override
    public Level atSigma(double value) {
        int above = Arrays.binarySearch(sigma, value);
        int high = Math.clamp(above < 0 ? -above - 1 : above, 1, sigma.length - 1);
        double part = Math.log(value / sigma[high - 1]) / Math.log(sigma[high] / sigma[high - 1]);
        return new Level(networkTime.told(high - 1 + Math.clamp(part, 0, 1), value), 1, value);
    }

    @Override
    public double lowestSigma() {
        return sigma[0];
    }

    @Override
    public double highestSigma() {
        return sigma[sigma.length - 1];
    }

    @Override
    public List<Level> spaced(Spacing spacing, int steps, Spacing.Grid grid) {
        return Arrays.stream(spacing.times(sigma.length, steps, grid))
                .mapToObj(this::level)
                .toList();
    }
}
