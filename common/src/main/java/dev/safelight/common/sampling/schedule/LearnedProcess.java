package dev.safelight.common.sampling.schedule;

import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Process;
import dev.safelight.common.sampling.Spacing;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A process whose drift is a network (Zhang and Chen 2021): there are no levels in closed form, only times. Its levels are
 * nominal, a = s = 1, so that an estimated noise is the negative score.
 *
 * @param times t_0 … t_N, rising
 * @param diffusion g at those times
 */
public record LearnedProcess(double[] times, double[] diffusion) implements Process {

    public LearnedProcess {
        if (times.length < 2 || times.length != diffusion.length) {
            throw new IllegalArgumentException("a learned process has two or more times and a diffusion for each");
        }
    }

    /** N. */
    public int steps() {
        return times.length - 1;
    }

    @Override
    public Kind kind() {
        return Kind.LEARNED;
    }

    @Override
    public Level level(double index) {
        return new Level(times[(int) index], 1, 1);
    }

    @Override
    public boolean covers(double index) {
        return index >= 1 && index <= steps();
    }

    @Override
    public Level atSigma(double sigma) {
        throw new UnsupportedOperationException("a learned process has no levels in closed form");
    }

    @Override
    public double lowestSigma() {
        return 1;
    }

    @Override
    public double highestSigma() {
        return 1;
    }

    @Override
    public List<Level> spaced(Spacing spacing, int steps, Spacing.Grid grid) {
        return IntStream.range(0, steps).mapToObj(i -> level(steps() - i)).toList();
    }

    @Override
    public boolean discrete() {
        return true;
    }
}
