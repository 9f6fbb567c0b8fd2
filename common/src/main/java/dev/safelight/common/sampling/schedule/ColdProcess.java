package dev.safelight.common.sampling.schedule;

import dev.safelight.common.sampling.Degradation;
import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Process;
import dev.safelight.common.sampling.Spacing;
import java.util.Arrays;
import java.util.List;

/** A degradation as a process: the noise of a level is t, the number of operators, and the network is told t − 1. */
public record ColdProcess(Degradation degradation) implements Process {

    @Override
    public Kind kind() {
        return Kind.COLD;
    }

    /** @param t number of operators; 0 is clean */
    @Override
    public Level level(double t) {
        return t == 0 ? Level.CLEAN : new Level(t - 1, 1, t);
    }

    @Override
    public Level atSigma(double sigma) {
        return level(Math.rint(sigma));
    }

    @Override
    public double lowestSigma() {
        return 1;
    }

    @Override
    public double highestSigma() {
        return degradation.steps();
    }

    @Override
    public List<Level> spaced(Spacing spacing, int steps, Spacing.Grid grid) {
        return Arrays.stream(spacing.times(degradation.steps(), steps, Spacing.Grid.WHOLE))
                .mapToObj(index -> level(index + 1))
                .toList();
    }

    @Override
    public boolean discrete() {
        return true;
    }
}
