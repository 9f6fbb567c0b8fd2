package dev.safelight.worker.sample;

import dev.safelight.common.sampling.Spacing;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The levels that a walk visits: the network is asked at each but the last, which is where the walk ends. Step i goes
 * from level i to level i + 1.
 *
 * @param spacing how the levels were laid out; some samplers scale the first noise by it
 */
public record Plan(List<Level> levels, Spacing spacing) {

    public Plan {
        levels = List.copyOf(levels);
    }

    /** N steps over a schedule, the last one to clean data. */
    public static Plan of(NoiseSchedule schedule, Spacing spacing, Spacing.Grid grid, int steps) {
        List<Level> levels = new ArrayList<>(steps + 1);
        Arrays.stream(spacing.times(schedule.steps(), steps, grid))
                .mapToObj(schedule::level)
                .forEach(levels::add);
        levels.add(Level.CLEAN);
        return new Plan(levels, spacing);
    }

    /** Number of steps. */
    public int steps() {
        return levels.size() - 1;
    }

    public Level level(int i) {
        return levels.get(i);
    }
}
