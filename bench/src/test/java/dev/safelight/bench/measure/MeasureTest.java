package dev.safelight.bench.measure;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** The arithmetic behind published figures. */
final class MeasureTest {
    @Test
    void aPercentileIsTheNearestRank() {
        Latencies latencies = new Latencies();
        for (int milliseconds = 2000; milliseconds >= 1; milliseconds--) {
            latencies.add(milliseconds * 1_000_000L);
        }
        assertThat(latencies.count()).isEqualTo(2000);
        assertThat(latencies.percentile(50)).isEqualTo(1000);
        assertThat(latencies.percentile(99)).isEqualTo(1980);
        assertThat(latencies.percentile(100)).isEqualTo(2000);
        assertThat(latencies.percentile(0.01)).isEqualTo(1);
    }

    @Test
    void nothingHasNoPercentile() {
        assertThat(new Latencies().percentile(50)).isNaN();
    }

    @Test
    void theMedianOfAnEvenNumberOfRoundsLiesBetweenTheTwoInTheMiddle() {
        assertThat(Spread.of(List.of(4, 1, 3, 2))).isEqualTo(new Spread(2.5, 1, 4));
        assertThat(Spread.of(List.of(0.7, 0.5, 0.6)).text(1)).isEqualTo("0.6 (0.5 to 0.7)");
    }

    @Test
    void aTableIsMarkdown() {
        assertThat(new Table("what", "figure")
                        .row("rate", 12345.6)
                        .row("ratio", 0.517)
                        .toString())
                .isEqualToIgnoringNewLines("| what | figure || --- | --- || rate | 12,346 || ratio | 0.52 |");
    }
}
