package dev.safelight.common.sampling.schedule;

import dev.safelight.common.sampling.Layout;
import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Option;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Process;
import dev.safelight.common.sampling.Setting;
import dev.safelight.common.sampling.Spacing;
import dev.safelight.common.sampling.Spacing.Grid;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.DoubleFunction;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/** How samplers of the same kin spread their steps. */
public final class Layouts {
    public static final Option.Word SIGMAS = new Option.Word(
            "sigmas",
            "Which noise levels are visited: those of the spaced training times, Karras et al.'s (rho 7), or an exponential sequence",
            List.of("training", "karras", "exponential"),
            "training");
    /** Times in place of a spacing; their number is the number of steps. */
    public static final Option.Reals TIMESTEPS = new Option.Reals(
            "timesteps",
            "The times at which the network is asked, falling, in place of a spacing: training indices, or t in (0, 1]",
            1000,
            0,
            1e6);

    /** a where a solver in σ̂ or λ meets a level without signal, so that both are finite. */
    private static final double LEAST_SIGNAL = Math.sqrt(NoiseSchedule.LEAST_ALPHA_BAR);

    private static final double RHO = 7;

    private Layouts() {}

    /** Training times as they are, down to where the process ends; what DDPM and its kin use. */
    public static final Layout TRAINING = new Taking(List.of(TIMESTEPS)) {
        @Override
        public Plan plan(Setting setting) {
            return ended(setting, times(setting, Grid.WHOLE), setting.process().end());
        }
    };

    /** As {@link #TRAINING}, for samplers that divide by the signal of a level: where there is none, a faint one. */
    public static final Layout TRAINING_WITH_SIGNAL = new Taking(List.of(TIMESTEPS)) {
        @Override
        public Plan plan(Setting setting) {
            return ended(
                    setting,
                    solvable(times(setting, Grid.WHOLE)),
                    setting.process().end());
        }
    };

    /** σ̂ of times that may lie between two indices, down to clean data; what Euler and its kin use. */
    public static final Layout FRACTIONAL = new Taking(List.of(SIGMAS, TIMESTEPS)) {
        @Override
        public Plan plan(Setting setting) {
            List<Level> spaced = solvable(times(setting, Grid.FRACTIONAL));
            Optional<DoubleFunction<Double>> curve =
                    curve(setting, spaced.getLast().sigma(), spaced.getFirst().sigma());
            return ended(
                    setting,
                    curve.map(sigma -> along(setting, sigma, level -> level)).orElse(spaced),
                    Level.CLEAN);
        }
    };

    /** Whole times without the lowest, whose place clean data take; what multistep solvers in λ use. */
    public static Layout multistep(boolean roundsCosine) {
        return new Taking(List.of(SIGMAS, TIMESTEPS)) {
            @Override
            public Plan plan(Setting setting) {
                Process process = setting.process();
                double highest = Math.min(process.highestSigma(), 1 / LEAST_SIGNAL);
                List<Level> levels = curve(setting, process.lowestSigma(), highest)
                        .map(sigma -> along(setting, sigma, level -> rounded(level, setting, roundsCosine)))
                        .orElseGet(() -> solvable(times(setting, Grid.WHOLE_WITHOUT_LOWEST)));
                return ended(setting, levels, Level.CLEAN);
            }
        };
    }

    /** The nodes of a process in continuous time, and then clean data. */
    public static final Layout NODES = setting -> ended(
            setting, solvable(setting.process().spaced(setting.spacing(), setting.steps(), Grid.WHOLE)), Level.CLEAN);

    /** N steps of equal length from t = 1 to the lowest time. */
    public static final Layout NODES_TO_LOWEST = setting ->
            new Plan(setting.process().spaced(Spacing.LINSPACE, setting.steps() + 1, Grid.WHOLE), setting.spacing());

    /** A layout for methods that cannot do with fewer steps. */
    public static Layout atLeast(int steps, Layout layout) {
        return new Taking(layout.options()) {
            @Override
            public Plan plan(Setting setting) {
                if (setting.steps() < steps) {
                    throw new IllegalArgumentException("this sampler takes at least " + steps + " steps");
                }
                return layout.plan(setting);
            }
        };
    }

    private static Level rounded(Level level, Setting setting, boolean roundsCosine) {
        if (!setting.process().discrete()) {
            return level;
        }
        boolean cosine = setting.process() instanceof NoiseSchedule schedule && schedule.cosine();
        double time = setting.get(SIGMAS).equals("exponential")
                ? Math.floor(level.time())
                : cosine && !roundsCosine ? level.time() : Math.rint(level.time());
        return new Level(time, level.signal(), level.noise());
    }

    private abstract static class Taking implements Layout {
        private final List<Option<?>> options;

        Taking(List<Option<?>> options) {
            this.options = options;
        }

        @Override
        public List<Option<?>> options() {
            return options;
        }
    }

    private static Plan ended(Setting setting, List<Level> levels, Level end) {
        List<Level> whole = new ArrayList<>(levels);
        whole.add(end);
        return new Plan(whole, setting.spacing());
    }

    private static List<Level> times(Setting setting, Grid grid) {
        Process process = setting.process();
        Optional<List<Double>> explicit = setting.values().find(TIMESTEPS);
        if (explicit.isEmpty()) {
            return process.spaced(setting.spacing(), setting.steps(), grid);
        }
        List<Double> times = explicit.get();
        for (int i = 0; i < times.size(); i++) {
            double time = times.get(i);
            if (i > 0 && time >= times.get(i - 1)) {
                throw new IllegalArgumentException("timesteps must fall");
            }
            // Solvers with a fractional grid ask between two indices with every spacing.
            if (grid == Grid.FRACTIONAL ? !process.covers(time) : !process.trainedAt(time)) {
                throw new IllegalArgumentException(
                        "timesteps must be times that the network was trained at, not " + time);
            }
        }
        return times.stream().map(process::level).toList();
    }

    /**
     * For layouts that are told where the steps are by something else.
     *
     * @param other the option that tells them
     * @throws IllegalArgumentException when the request names its times as well
     */
    public static void refuseTimes(Setting setting, String other) {
        if (setting.values().has(TIMESTEPS)) {
            throw new IllegalArgumentException(
                    "timesteps and " + other + " exclude each other: both say where the steps are");
        }
    }

    private static List<Level> solvable(List<Level> levels) {
        return levels.stream()
                .map(level -> level.signal() > 0 ? level : faint(level))
                .toList();
    }

    private static Level faint(Level level) {
        return new Level(level.time(), LEAST_SIGNAL, level.noise() * Math.sqrt(1 - NoiseSchedule.LEAST_ALPHA_BAR));
    }

    /** σ̂ as a function from 0 (noise) to 1 (data); empty where the training times are to be taken as they are. */
    private static Optional<DoubleFunction<Double>> curve(Setting setting, double lowest, double highest) {
        return switch (setting.get(SIGMAS)) {
            case "karras" ->
                Optional.of(u -> {
                    double from = Math.pow(highest, 1 / RHO);
                    return Math.pow(from + u * (Math.pow(lowest, 1 / RHO) - from), RHO);
                });
            case "exponential" ->
                Optional.of(u -> Math.exp(Math.log(highest) + u * (Math.log(lowest) - Math.log(highest))));
            default -> Optional.empty();
        };
    }

    private static List<Level> along(Setting setting, DoubleFunction<Double> sigma, UnaryOperator<Level> rounding) {
        refuseTimes(setting, "sigmas");
        int steps = setting.steps();
        return IntStream.range(0, steps)
                .mapToObj(i -> setting.process().atSigma(sigma.apply(steps == 1 ? 0.0 : (double) i / (steps - 1))))
                .map(rounding)
                .toList();
    }
}
