package dev.safelight.common.sampling.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Transition;
import dev.safelight.common.sampling.noise.GaussianNoise;
import dev.safelight.common.sampling.sampler.LeastCost.Cost;
import dev.safelight.common.sampling.schedule.NoiseSchedule;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LeastCostTest {
    private static final int SIZE = 12;

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 8, 11, 12})
    void isAsGoodAsTheBestOfAllChains(int nodes) {
        float[] random = new GaussianNoise(1).uniform(0, nodes, SIZE * SIZE);
        Cost cost = (to, from) -> random[from * SIZE + to];

        int[] path = new LeastCost(SIZE, cost).path(nodes);

        assertThat(path).hasSize(nodes);
        assertThat(path[nodes - 1]).isEqualTo(SIZE - 1);
        assertThat(nodes == 1 || path[0] == 0).isTrue();
        double best = everyChain(nodes).stream()
                .mapToDouble(chain -> total(chain, cost))
                .min()
                .orElseThrow();
        assertThat(total(path, cost)).isCloseTo(best, within(1e-12));
    }

    private static List<int[]> everyChain(int nodes) {
        List<int[]> chains = new ArrayList<>();
        for (int inside = 0; inside < 1 << (SIZE - 2); inside++) {
            int chosen = inside << 1 | 1 << (SIZE - 1) | (nodes == 1 ? 0 : 1);
            if (Integer.bitCount(chosen) == nodes) {
                chains.add(IntStream.range(0, SIZE)
                        .filter(i -> (chosen >> i & 1) == 1)
                        .toArray());
            }
        }
        return chains;
    }

    private static double total(int[] chain, Cost cost) {
        return IntStream.range(1, chain.length)
                .mapToDouble(k -> cost.of(chain[k - 1], chain[k]))
                .sum();
    }

    @Test
    void cannotChooseMoreThanThereIs() {
        assertThatThrownBy(() -> new LeastCost(5, (_, _) -> 1).path(6)).isInstanceOf(IllegalArgumentException.class);
    }

    /** Many requests with different step counts are no way to keep a processor busy: each jump is weighed once. */
    @Test
    void oneTableAnswersEveryLengthInAnyOrder() {
        float[] random = new GaussianNoise(2).uniform(0, 0, SIZE * SIZE);
        AtomicInteger asked = new AtomicInteger();
        Cost cost = (to, from) -> {
            asked.incrementAndGet();
            return random[from * SIZE + to];
        };
        for (int nodes : new int[] {7, 3, 12, 7, 1, 9, 2}) {
            int[] path = LeastCost.of(List.of("a test", 2), () -> new LeastCost(SIZE, cost))
                    .path(nodes);
            assertThat(path).isEqualTo(new LeastCost(SIZE, (to, from) -> random[from * SIZE + to]).path(nodes));
        }
        assertThat(asked).hasValue(SIZE * (SIZE - 1) / 2);
    }

    @Test
    void onlyAFewTablesAreKept() {
        AtomicInteger made = new AtomicInteger();
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i <= LeastCost.MOST_KEPT; i++) {
                LeastCost.of(List.of("few", i), () -> {
                    made.incrementAndGet();
                    return new LeastCost(2, (_, _) -> 0);
                });
            }
        }
        assertThat(made).as("with one too many, the oldest is always gone").hasValue(2 * (LeastCost.MOST_KEPT + 1));
    }

    /** The bound of Watson et al. 2021 for normal data of variance ¼, where the mean square error is known. */
    @Test
    void theBoundOfAScheduleFallsWithItsStepsAndIsBelowThatOfEvenSteps() {
        int size = 101;
        // Normal data need one step only if the decoder knows what is left; this one thinks that it is little.
        double decoder = 0.01;
        NoiseSchedule schedule = NoiseSchedule.linear(size - 1, 1e-3, 0.2);
        List<Level> levels = new ArrayList<>(List.of(Level.CLEAN));
        IntStream.range(0, size - 1).mapToObj(schedule::level).forEach(levels::add);
        Cost cost = (to, from) -> {
            double a2 = Math.pow(levels.get(from).signal(), 2);
            double error = 0.25 * (1 - a2) / (a2 * 0.25 + 1 - a2);
            return to == 0
                    ? 0.5 * Math.log(2 * Math.PI * decoder) + error / (2 * decoder)
                    : OptimalSchedule.bound(
                            Transition.between(levels.get(from), levels.get(to)), Ddpm.Variance.SMALL, error);
        };

        double before = Double.POSITIVE_INFINITY;
        for (int steps : new int[] {2, 5, 10, 20, 50}) {
            double best = total(new LeastCost(size, cost).path(steps + 1), cost);
            int[] even = IntStream.rangeClosed(0, steps)
                    .map(k -> k * (size - 1) / steps)
                    .toArray();
            assertThat(best).isLessThan(total(even, cost)).isLessThan(before);
            before = best;
        }
    }
}
