package dev.safelight.bench.measure;

import java.util.Arrays;
import java.util.Collection;
import java.util.Locale;

/** The middle of some rounds, and how far they lay apart. */
public record Spread(double median, double lowest, double highest) {
    public static Spread of(Collection<? extends Number> rounds) {
        double[] sorted =
                rounds.stream().mapToDouble(Number::doubleValue).sorted().toArray();
        if (sorted.length == 0) {
            return new Spread(Double.NaN, Double.NaN, Double.NaN);
        }
        double median = (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
        return new Spread(median, sorted[0], sorted[sorted.length - 1]);
    }

    /** For a table, with so many decimals. */
    public String text(int decimals) {
        String number = "%." + decimals + "f";
        return String.format(Locale.ROOT, number + " (" + number + " to " + number + ")", median, lowest, highest);
    }

    @Override
    public String toString() {
        return Arrays.toString(new double[] {median, lowest, highest});
    }
}
