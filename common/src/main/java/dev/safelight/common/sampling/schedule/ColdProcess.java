package dev.safelight.common.sampling.schedule;

import dev.safelight.common.sampling.Degradation;
import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Process;
import dev.safelight.common.sampling.Spacing;
import java.util.Arrays;
import java.util.List;

/** A degradation as a process: the noise of a level is the number of operators, of which index i has i + 1. */
public record ColdProcess(Degradation degradation) implements Process {

    @Override
    public Kind kind() {
        return Kind.COLD;
    }

    @Override
    public Level level(double index) {
        return new Level(index, 1, index + 1);
    }

    @Override
    public boolean covers(double index) {
        return index >= 0 && index <= degradation.steps() - 1;
    }

    @Override
    public Level atSigma(double sigma) {
        return level(Math.rint(sigma) - 1);
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
                .mapToObj(this::level)
                .toList();
    }

    @Override
    public boolean discrete() {
        return true;
    }
}
