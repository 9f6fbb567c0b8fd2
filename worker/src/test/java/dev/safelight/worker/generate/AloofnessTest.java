package dev.safelight.worker.generate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.worker.batch.Conditioning;
import dev.safelight.worker.batch.EvaluationStopped.DeviceFailed;
import dev.safelight.worker.batch.Row;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class AloofnessTest {
    private static final List<Row> FOUR = IntStream.range(1, 5)
            .mapToObj(i -> new Row(new float[] {i}, 0, new Conditioning.Unconditional()))
            .toList();

    private final List<Integer> calls = new ArrayList<>();

    private int mostRows(Function<List<Row>, List<float[]>> network) {
        return Aloofness.mostRows(
                rows -> {
                    calls.add(rows.size());
                    return network.apply(rows);
                },
                FOUR);
    }

    private static List<float[]> doubled(List<Row> rows) {
        return rows.stream().map(row -> new float[] {2 * row.latent()[0]}).toList();
    }

    /** Doubles, and in calls of so many rows and more the last bit of one of them is another. */
    private static List<float[]> disturbed(List<Row> rows, int from, int row) {
        List<float[]> answers = doubled(rows);
        if (rows.size() >= from) {
            answers.get(row)[0] = Math.nextUp(answers.get(row)[0]);
        }
        return answers;
    }

    @Test
    void rowsThatNoticeNothingShareCalls() {
        assertThat(mostRows(AloofnessTest::doubled)).isEqualTo(4);
        assertThat(calls).containsExactly(1, 1, 1, 1, 2, 3, 4);
    }

    @Test
    void theLastBitOfAnyRowIsNoticed() {
        assertThat(mostRows(rows -> disturbed(rows, 2, 0))).isEqualTo(1);
        assertThat(mostRows(rows -> disturbed(rows, 3, 2))).isEqualTo(2);
        assertThat(mostRows(rows -> disturbed(rows, 4, 3))).isEqualTo(3);
    }

    @Test
    void aNetworkThatTakesOneRowOnlyIsAskedForOne() {
        assertThat(mostRows(rows -> {
                    if (rows.size() > 1) {
                        throw new DeviceFailed("traced with one row", false, null);
                    }
                    return doubled(rows);
                }))
                .isEqualTo(1);
    }
}
