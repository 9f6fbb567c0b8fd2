package dev.safelight.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.Priority;
import dev.safelight.worker.batch.Batcher;
import dev.safelight.worker.batch.Conditioning;
import dev.safelight.worker.batch.Group;
import dev.safelight.worker.batch.Network;
import dev.safelight.worker.batch.Row;
import dev.safelight.worker.batch.Ticket;
import dev.safelight.worker.batch.Walk;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.ref.WeakReference;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

class DeviceMetersTest {
    @AutoClose
    private final Batcher batcher = new Batcher("cpu");

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final List<Batcher> feeding = new CopyOnWriteArrayList<>();

    private static final class Echo implements Network {
        @Override
        public int maxRows() {
            return 4;
        }

        @Override
        public List<float[]> run(List<Row> rows) {
            return rows.stream().map(Row::latent).toList();
        }
    }

    private void runOneRow() {
        Ticket ticket = new Ticket(new JobKey("default", UUID.randomUUID()), Priority.NORMAL, 0, false);
        try (Walk walk = batcher.join(ticket, new Group(new Echo(), List.of(1), "none"), false, 1)
                .getFirst()) {
            walk.evaluate(List.of(new Row(new float[1], 0, new Conditioning.Unconditional())));
        }
    }

    private double rows() {
        return meters.get("safelight.evaluations").functionCounter().count();
    }

    /** A registry holds what its counters are about only weakly. */
    @Test
    void countsOnWhenTheGarbageIsCollectedAndWhenModelsComeAndGo() {
        DeviceMeters.bind(feeding::stream, meters);
        runOneRow();
        assertThat(rows()).as("nothing was loaded yet").isZero();

        feeding.add(batcher);
        assertThat(rows()).isEqualTo(1);
        WeakReference<Object> garbage = new WeakReference<>(new Object());
        while (garbage.get() != null) {
            System.gc();
        }
        runOneRow();
        assertThat(rows()).isEqualTo(2);

        feeding.clear();
        assertThat(rows()).isEqualTo(2);
    }
}
