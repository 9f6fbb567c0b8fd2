package dev.safelight.worker.generate;

import dev.safelight.worker.batch.EvaluationStopped.DeviceFailed;
import dev.safelight.worker.batch.Row;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * How many rows may share a call of a network without any of them noticing. Which kernels run, and in which order they
 * sum, follows from the shape of a call and from a row's place in it, not from the numbers: what holds of a few rows holds
 * of all.
 */
final class Aloofness {
    private Aloofness() {}

    /**
     * @param call of the network
     * @param rows unlike ones, no more than a call may carry
     * @return the most rows that a call may carry: in it and in each smaller one every row comes out, to the last bit, as alone
     */
    static int mostRows(Function<List<Row>, List<float[]>> call, List<Row> rows) {
        List<float[]> alone =
                rows.stream().map(row -> call.apply(List.of(row)).getFirst()).toList();
        int most = 1;
        while (most < rows.size() && alike(call, rows.subList(0, most + 1), alone)) {
            most++;
        }
        return most;
    }

    private static boolean alike(Function<List<Row>, List<float[]>> call, List<Row> rows, List<float[]> alone) {
        List<float[]> together;
        try {
            together = call.apply(rows);
        } catch (DeviceFailed e) {
            return false;
        }
        for (int i = 0; i < rows.size(); i++) {
            if (!Arrays.equals(together.get(i), alone.get(i))) {
                return false;
            }
        }
        return true;
    }
}
