package dev.safelight.worker.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.BundleException;
import dev.safelight.worker.batch.Batcher;
import dev.safelight.worker.batch.Networks;
import dev.safelight.worker.generate.ModelCache.Loaded;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Which models stay, over a loader that writes down what it is asked. Each is expected to take 40 bytes. */
@Timeout(30)
class ModelCacheTest {
    private final Batcher batcher = new Batcher("test");
    private final Recorder recorder = new Recorder();
    private ModelCache cache;

    private final class Recorder implements ModelCache.Loader {
        final List<String> log = Collections.synchronizedList(new ArrayList<>());
        final Set<String> broken = ConcurrentHashMap.newKeySet();
        volatile long bytes = 40;
        volatile CountDownLatch gate = new CountDownLatch(0);
        volatile CountDownLatch entered = new CountDownLatch(1);

        @Override
        public Loaded load(Bundle bundle) {
            entered.countDown();
            try {
                gate.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            if (broken.contains(bundle.version())) {
                throw new BundleException("broken");
            }
            log.add("+" + bundle.version());
            return new Loaded(Model.of(bundle, batcher, Networks.echo(4)), bytes);
        }

        @Override
        public void unload(Model model) {
            log.add("-" + model.bundle().version());
        }

        @Override
        public long estimate(Bundle bundle) {
            return 40;
        }
    }

    private ModelCache cache(long budget, String... pinned) {
        cache = new ModelCache(recorder, budget, List.of(pinned));
        return cache;
    }

    @AfterEach
    void close() {
        recorder.gate.countDown();
        cache.close();
        batcher.close();
    }

    @Test
    void aModelIsLoadedOnceAndKept() throws Exception {
        cache(100);
        try (Loan first = borrow("a");
                Loan second = borrow("a")) {
            assertThat(first.model()).isSameAs(second.model());
        }
        borrow("a").close();
        assertThat(recorder.log).containsExactly("+a");
        assertThat(cache.bytes()).isEqualTo(40);
    }

    @Test
    void theLeastRecentlyUsedGoesWhenThereIsNoRoom() throws Exception {
        cache(100);
        borrow("a").close();
        borrow("b").close();
        borrow("a").close();
        borrow("c").close();
        assertThat(recorder.log).containsExactly("+a", "+b", "-b", "+c");
        borrow("b").close();
        assertThat(recorder.log).containsExactly("+a", "+b", "-b", "+c", "-a", "+b");
    }

    /** What was measured counts, and not what was expected of a model before. */
    @Test
    void aModelThatTakesMoreThanExpectedLeavesLessRoom() throws Exception {
        cache(100);
        recorder.bytes = 70;
        borrow("a").close();
        recorder.bytes = 40;
        borrow("b").close();
        assertThat(recorder.log).containsExactly("+a", "-a", "+b");
        recorder.bytes = 70;
        borrow("c").close();
        assertThat(recorder.log).as("seen when it was there").endsWith("+c", "-b");
        assertThat(cache.bytes()).isEqualTo(70);
    }

    @Test
    void withoutALimitNothingGoes() throws Exception {
        cache(0);
        for (String version : List.of("a", "b", "c", "d", "e")) {
            borrow(version).close();
        }
        assertThat(recorder.log).containsExactly("+a", "+b", "+c", "+d", "+e");
    }

    @Test
    void aPinnedModelStays() throws Exception {
        cache(100, "tiny");
        borrow("a").close();
        borrow("b").close();
        borrow("c").close();
        assertThat(recorder.log).as("all are versions of the pinned model").containsExactly("+a", "+b", "+c");
    }

    @Test
    void aModelInUseStaysAndWhoeverNeedsItsPlaceWaits() throws Exception {
        cache(50);
        Loan a = borrow("a");
        CompletableFuture<Loan> b = cache.borrow(bundle("b")).loan();
        CompletableFuture<Loan> later = awaitTurn("a");
        assertThat(b).isNotDone();
        assertThat(later).as("whoever comes later waits behind it").isNotDone();
        a.close();
        b.get().close();
        later.get().close();
        assertThat(recorder.log).containsExactly("+a", "-a", "+b", "-b", "+a");
    }

    /** Asks again until the request is no longer served past the one that waits. */
    private CompletableFuture<Loan> awaitTurn(String version) throws Exception {
        while (true) {
            CompletableFuture<Loan> loan = cache.borrow(bundle(version)).loan();
            if (!loan.isDone()) {
                return loan;
            }
            loan.get().close();
            Thread.onSpinWait();
        }
    }

    @Test
    void whileOneIsLoadedOthersAreLentAtOnce() throws Exception {
        cache(100);
        borrow("a").close();
        recorder.gate = new CountDownLatch(1);
        recorder.entered = new CountDownLatch(1);
        CompletableFuture<Loan> b = cache.borrow(bundle("b")).loan();
        recorder.entered.await();
        assertThat(cache.borrow(bundle("a")).loan()).isDone();
        assertThat(b).isNotDone();
        recorder.gate.countDown();
        b.get().close();
    }

    @Test
    void onlyOneThatAloneIsTooLargeIsLoadedAllTheSame() throws Exception {
        cache(30);
        borrow("a").close();
        borrow("b").close();
        assertThat(recorder.log).containsExactly("+a", "-a", "+b");
    }

    @Test
    void aBrokenBundleIsRefusedAndNobodyElse() throws Exception {
        cache(100);
        recorder.broken.add("a");
        assertThatThrownBy(() -> borrow("a"))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(BundleException.class);
        borrow("b").close();
        recorder.broken.clear();
        borrow("a").close();
        assertThat(recorder.log).containsExactly("+b", "+a");
    }

    @Test
    void whoGivesUpHoldsNobodyUpAndPutsNothingAway() throws Exception {
        cache(50);
        try (Loan a = borrow("a")) {
            Wish b = cache.borrow(bundle("b"));
            CompletableFuture<Loan> later = awaitTurn("a");
            b.cancel();
            // The place was wanted by nobody any more: the model in use is lent again.
            assertThat(later.get().model()).isSameAs(a.model());
            later.get().close();
        }
        assertThat(recorder.log).containsExactly("+a");
    }

    @Test
    void whoeverHasGoneBeforeItsTurnPutsNothingAway() throws Exception {
        cache(100);
        borrow("a").close();
        recorder.gate = new CountDownLatch(1);
        recorder.entered = new CountDownLatch(1);
        CompletableFuture<Loan> b = cache.borrow(bundle("b")).loan();
        recorder.entered.await();
        Wish c = cache.borrow(bundle("c"));
        CompletableFuture<Loan> behind = cache.borrow(bundle("b")).loan();
        c.cancel();
        recorder.gate.countDown();
        b.get().close();
        behind.get().close();
        assertThat(recorder.log).containsExactly("+a", "+b");
    }

    @Test
    void whatIsLentToSomebodyWhoHasGivenUpGoesBack() throws Exception {
        cache(50);
        Wish a = cache.borrow(bundle("a"));
        a.loan().get();
        a.cancel();
        borrow("b").close();
        assertThat(recorder.log).containsExactly("+a", "-a", "+b");
    }

    @Test
    void closingAnswersWhoeverWaits() throws Exception {
        cache(50);
        Loan a = borrow("a");
        CompletableFuture<Loan> b = cache.borrow(bundle("b")).loan();
        CompletableFuture<Loan> behind = awaitTurn("a");
        cache.close();
        assertThat(List.of(b, behind, cache.borrow(bundle("a")).loan())).allMatch(CompletableFuture::isCancelled);
        a.close();
    }

    private Loan borrow(String version) throws Exception {
        return cache.borrow(bundle(version)).loan().get();
    }

    private static Bundle bundle(String version) {
        return new Bundle(Jobs.tiny().manifest(), Jobs.tiny().folder(), version);
    }
}
