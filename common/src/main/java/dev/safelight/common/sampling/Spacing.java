package dev.safelight.common.sampling;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/** How N steps are spread over the T training indices (Lin et al. 2023, table 2); times are 0-based and fall. */
public enum Spacing {
    /** Multiples of ⌊T/N⌋ from 0 up: the noisiest index is left out. */
    LEADING,
    /** T − 1 and then down by T/N: the lowest index is left out. */
    TRAILING,
    /** From T − 1 to 0 in equal steps. */
    LINSPACE;

    /** What a sampler asks of the times beyond their spacing. */
    public enum Grid {
        /** Integers; what DDPM and DDIM use. */
        WHOLE,
        /** Integers; for a solver whose last step goes from the lowest time to clean data, which therefore drops index 0. */
        WHOLE_WITHOUT_LOWEST,
        /** Linspace keeps its fractions; what Euler and its kin use. */
        FRACTIONAL
    }

    /** Empty for a word that names no spacing. */
    public static Optional<Spacing> find(String word) {
        return Arrays.stream(values())
                .filter(spacing -> spacing.word().equals(word))
                .findFirst();
    }

    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The times at which the network is asked, from noise to data.
     *
     * @param trainSteps T
     * @param steps N
     * @throws IllegalArgumentException when N steps cannot be laid out without repeating an index or leaving the schedule
     */
    public double[] times(int trainSteps, int steps, Grid grid) {
        if (steps < 1) {
            throw new IllegalArgumentException("steps must be at least 1, not " + steps);
        }
        double[] times = IntStream.range(0, steps)
                .mapToDouble(i -> switch (this) {
                    case LEADING -> leading(i, trainSteps, steps, grid);
                    case TRAILING -> trailing(i, trainSteps, steps);
                    case LINSPACE -> linspace(i, trainSteps, steps, grid);
                })
                .toArray();
        check(times, trainSteps, steps);
        return times;
    }

    private static double leading(int i, int trainSteps, int steps, Grid grid) {
        return grid == Grid.WHOLE_WITHOUT_LOWEST
                ? (double) (steps - i) * (trainSteps / (steps + 1))
                : (double) (steps - 1 - i) * (trainSteps / steps);
    }

    private static double trailing(int i, int trainSteps, int steps) {
        // Written so that the rounding is the reference's: its list accumulates this stride from T.
        double stride = (trainSteps - (double) trainSteps / steps) - trainSteps;
        return Math.rint(trainSteps + i * stride) - 1;
    }

    private static double linspace(int i, int trainSteps, int steps, Grid grid) {
        int points = grid == Grid.WHOLE_WITHOUT_LOWEST ? steps + 1 : steps;
        int fromBelow = points - 1 - i;
        if (points == 1) {
            return 0;
        }
        if (i == 0) {
            return trainSteps - 1;
        }
        double time = fromBelow * ((double) (trainSteps - 1) / (points - 1));
        return grid == Grid.FRACTIONAL ? time : Math.rint(time);
    }

    private void check(double[] times, int trainSteps, int steps) {
        boolean falling = IntStream.range(1, times.length).allMatch(i -> times[i] < times[i - 1]);
        boolean inside = Arrays.stream(times).allMatch(time -> time >= 0 && time <= trainSteps - 1);
        if (!falling || !inside) {
            throw new IllegalArgumentException(steps + " steps cannot be laid out over " + trainSteps
                    + " training steps with " + word() + " spacing; ask for fewer steps or another spacing");
        }
    }
}
