package dev.safelight.common.sampling;

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

    /** Number of steps. */
    public int steps() {
        return levels.size() - 1;
    }

    public Level level(int i) {
        return levels.get(i);
    }

    /** The way back, between the noisy levels only: from data to noise, for samplers whose steps go either way. */
    public Plan inverse() {
        List<Level> noisy = levels.stream().filter(level -> !level.clean()).toList();
        return new Plan(noisy.reversed(), spacing);
    }

    /** The last steps of this plan, for a walk that starts from an image instead of noise. */
    public Plan last(int steps) {
        return new Plan(levels.subList(levels.size() - 1 - steps, levels.size()), spacing);
    }
}
