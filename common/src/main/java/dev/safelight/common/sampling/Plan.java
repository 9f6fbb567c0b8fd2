package dev.safelight.common.sampling;

import java.util.ArrayList;
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

    /** From data to noise and back again: where a walk begins that finds the noise of an image first. */
    public Plan thereAndBack() {
        List<Level> way = new ArrayList<>(inverse().levels());
        way.addAll(levels.subList(Math.min(1, way.size()), levels.size()));
        return new Plan(way, spacing);
    }

    /** From this level on: it, and those of the plan that are below it. */
    public Plan from(Level first) {
        List<Level> below = new ArrayList<>(List.of(first));
        levels.stream().filter(level -> level.sigma() < first.sigma()).forEach(below::add);
        return new Plan(below, spacing);
    }

    /** The last steps of this plan, for a walk that starts from an image instead of noise. */
    public Plan last(int steps) {
        return new Plan(levels.subList(levels.size() - 1 - steps, levels.size()), spacing);
    }
}
