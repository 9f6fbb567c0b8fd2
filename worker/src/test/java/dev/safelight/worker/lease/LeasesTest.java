package dev.safelight.worker.lease;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.event.Signal;
import dev.safelight.common.job.Fence;
import dev.safelight.common.job.JobIds;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.JobState;
import dev.safelight.worker.store.Spent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class LeasesTest {
    private final AtomicLong nanos = new AtomicLong(42);
    private final Leases leases = new Leases(Duration.ofSeconds(10), nanos::get);

    @Test
    void aBeatTellsEachHolderWhatPostgresSaid() {
        Holder held = holder();
        Holder canceled = holder();
        Holder lost = holder();
        Holder ended = new Holder();
        leases.beaten(
                nanos.get(),
                Set.of(held.fence, canceled.fence, lost.fence, ended.fence),
                Map.of(held.fence, false, canceled.fence, true));
        assertThat(held.heard).isEmpty();
        assertThat(canceled.heard).containsExactly("cancel");
        assertThat(lost.heard).containsExactly("taken");
        assertThat(ended.heard).isEmpty();
    }

    @Test
    void aHolderThatCameAfterTheBeatWasSentIsNotMistakenForLost() {
        Holder late = holder();
        leases.beaten(nanos.get(), Set.of(), Map.of());
        assertThat(late.heard).isEmpty();
    }

    @Test
    void withoutABeatForSoLongEverythingStops() {
        Holder holder = holder();
        pass(9_999);
        assertThat(leases.fenceIfStale()).isFalse();
        pass(1);
        assertThat(leases.fresh()).isFalse();
        assertThat(leases.fenceIfStale()).isTrue();
        assertThat(holder.heard).containsExactly("cut off");
        leases.beaten(nanos.get(), Set.of(), Map.of());
        assertThat(leases.fresh()).isTrue();
    }

    @Test
    void theLeaseCountsFromWhenTheBeatWasSentNotFromWhenItWasAnswered() {
        long sentAt = nanos.get();
        pass(8_000);
        leases.beaten(sentAt, Set.of(), Map.of());
        pass(2_000);
        assertThat(leases.fresh()).isFalse();
    }

    @Test
    void aWorkerThatMissesBeatsTakesNoMoreWorkLongBeforeItStops() {
        pass(3_400);
        assertThat(leases.healthy()).isFalse();
        assertThat(leases.fresh()).isTrue();
    }

    @Test
    void aCancelReachesTheJobItNamesAndOnlyThat() {
        Holder one = holder();
        Holder other = holder();
        leases.cancel(one.fence.job());
        assertThat(one.heard).containsExactly("cancel");
        assertThat(other.heard).isEmpty();
    }

    @Test
    void onlyWhatMovedIsSignalled() {
        Holder one = holder();
        Holder other = holder();
        assertThat(leases.moved()).hasSize(2);
        assertThat(leases.moved()).isEmpty();
        one.step = 3;
        assertThat(leases.moved()).hasSize(1).first().isSameAs(one);
        leases.remove(one.fence);
        other.step = 1;
        assertThat(leases.moved()).hasSize(1).first().isSameAs(other);
    }

    private void pass(long milliseconds) {
        nanos.addAndGet(Duration.ofMillis(milliseconds).toNanos());
    }

    private Holder holder() {
        Holder holder = new Holder();
        leases.add(holder);
        return holder;
    }

    private static final class Holder implements LeaseHolder {
        private final Fence fence = new Fence(new JobKey("a", JobIds.next()), 1);
        private final List<String> heard = new ArrayList<>();
        private int step;

        @Override
        public Fence fence() {
            return fence;
        }

        @Override
        public int step() {
            return step;
        }

        @Override
        public Spent spent() {
            return Spent.NOTHING;
        }

        @Override
        public void loseLease(boolean known) {
            heard.add(known ? "taken" : "cut off");
        }

        @Override
        public void cancel() {
            heard.add("cancel");
        }

        @Override
        public Signal.Entry signal(JobState state) {
            return new Signal.Entry("a", fence.job().jobId(), 1, state, step, 10);
        }
    }
}
