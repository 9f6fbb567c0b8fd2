package dev.safelight.standalone.evaluate;

import java.util.List;
import java.util.Locale;
import org.hipparchus.distribution.continuous.TDistribution;

/**
 * A mean of few repetitions and how far it may be off: the 95 % interval by Student's law.
 *
 * @param half half the interval's width; infinite for one repetition, of which nothing is known
 */
public record Interval(double mean, double half) {
    private static final double UPPER_TAIL = 0.975;

    /** @param values of independent repetitions, at least one */
    public static Interval of(List<Double> values) {
        int count = values.size();
        double mean = values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
        if (count == 1) {
            return new Interval(mean, Double.POSITIVE_INFINITY);
        }
        double squares =
                values.stream().mapToDouble(v -> (v - mean) * (v - mean)).sum();
        double error = Math.sqrt(squares / (count - 1) / count);
        return new Interval(mean, new TDistribution(count - 1).inverseCumulativeProbability(UPPER_TAIL) * error);
    }

    /** Whether zero lies outside, so that a difference is one. */
    public boolean excludesZero() {
        return Math.abs(mean) > half;
    }

    /** Like {@code 0.612 ± 0.013}; the half is left out where it is not known. */
    public String text(int digits) {
        String plain = "%." + digits + "f";
        return half == Double.POSITIVE_INFINITY
                ? String.format(Locale.ROOT, plain, mean)
                : String.format(Locale.ROOT, plain + " ± " + plain, mean, half);
    }
}
