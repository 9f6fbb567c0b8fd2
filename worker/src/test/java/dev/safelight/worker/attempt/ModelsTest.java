package dev.safelight.worker.attempt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.BundleException;
import dev.safelight.common.bundle.BundleShelf;
import dev.safelight.common.job.Fence;
import dev.safelight.common.job.JobError;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.Priority;
import dev.safelight.common.wire.Json;
import dev.safelight.worker.generate.Loan;
import dev.safelight.worker.generate.Model;
import dev.safelight.worker.generate.ModelCache;
import dev.safelight.worker.generate.Wish;
import dev.safelight.worker.store.ClaimedJob;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a worker loads before it takes work, and what becomes of jobs whose model it cannot load. */
@Timeout(60)
class ModelsTest {
    private static final Path TINY = Path.of("src/test/resources/bundles/tiny");

    @TempDir
    private Path folder;

    private final List<String> loaded = new CopyOnWriteArrayList<>();
    private volatile Throwable failure = new BundleException("only noted");

    @Test
    void pinnedModelsComeFirstAndThenTheLargest() throws Exception {
        bundles(Map.of("small", 10, "large", 1000, "middle", 100));
        preload(List.of("small"), Duration.ofMinutes(1));
        assertThat(loaded).containsExactly("small", "large", "middle");
    }

    @Test
    void withoutPatienceOnlyPinnedModelsAreLoaded() throws Exception {
        bundles(Map.of("small", 10, "large", 1000));
        preload(List.of("small"), Duration.ZERO);
        assertThat(loaded).containsExactly("small");
    }

    @Test
    void aJobThatWaitsForAModelAndIsStoppedKeepsNobodyWaiting() throws Exception {
        bundles(Map.of("a", 1, "b", 1));
        failure = null;
        try (ModelCache cache = new ModelCache(new Notes(), 1, List.of())) {
            BundleShelf shelf = BundleShelf.open(folder, Duration.ofMinutes(1), System::nanoTime);
            Bundle a = shelf.contents().find("a").orElseThrow();
            Bundle b = shelf.contents().find("b").orElseThrow();
            Models models = new Models(shelf, cache, List.of("default"));
            Loan first = models.hold(job(a), () -> false).orElseThrow();

            assertThat(models.hold(job(b), () -> keepsOthersFrom(a, cache))).isEmpty();

            Loan second = models.hold(job(a), () -> false).orElseThrow();
            assertThat(second.model()).isSameAs(first.model());
            first.close();
            second.close();
            models.hold(job(a), () -> false).orElseThrow().close();
            assertThat(loaded).containsExactly("a");
        }
    }

    @Test
    void onlyABadBundleIsBadEverywhere() throws Exception {
        bundles(Map.of("bad", 1, "large", 1, "away", 1));
        try (ModelCache cache = new ModelCache(new Notes(), 0, List.of())) {
            BundleShelf shelf = BundleShelf.open(folder, Duration.ofMinutes(1), System::nanoTime);
            Models models = new Models(shelf, cache, List.of("default"));

            assertThat(refusal(models, job(shelf, "bad"))).isEqualTo(new Refusal("bad_bundle", false));
            failure = new OutOfMemoryError("Java heap space");
            assertThat(refusal(models, job(shelf, "large"))).isEqualTo(new Refusal("load_failed", true));
            failure = new UncheckedIOException(new IOException("Stale file handle"));
            assertThat(refusal(models, job(shelf, "away"))).isEqualTo(new Refusal("load_failed", true));

            failure = null;
            assertThat(refusal(models, job(shelf, "large")))
                    .as("not tried again at once")
                    .isEqualTo(new Refusal("load_failed", true));
            assertThat(models.names()).as("may be loaded another time").containsExactly("away", "large");
        }
    }

    @Test
    void aDeviceThatIsFullIsNotLost() {
        assertThat(List.of(
                        "CUDA error: out of memory",
                        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"))
                .noneMatch(said ->
                        UnservableJob.here(new JobError("load_failed", said)).saysDeviceLost());
    }

    @Test
    void whoWaitsWhenTheWorkerClosesIsRefusedNothing() throws Exception {
        bundles(Map.of("a", 1));
        BundleShelf shelf = BundleShelf.open(folder, Duration.ofMinutes(1), System::nanoTime);
        ModelCache cache = new ModelCache(new Notes(), 0, List.of());
        cache.close();
        Models models = new Models(shelf, cache, List.of("default"));
        assertThat(models.hold(job(shelf, "a"), () -> false)).isEmpty();
        assertThat(models.names()).containsExactly("a");
    }

    private record Refusal(String code, boolean mayRunElsewhere) {}

    private static Refusal refusal(Models models, ClaimedJob job) {
        UnservableJob unservable = catchThrowableOfType(UnservableJob.class, () -> models.hold(job, () -> false));
        return new Refusal(unservable.error().code(), unservable.mayRunElsewhere());
    }

    private static ClaimedJob job(BundleShelf shelf, String name) {
        return job(shelf.contents().find(name).orElseThrow());
    }

    /** Whether a model that is there is not lent, because another one is waited for. */
    private static boolean keepsOthersFrom(Bundle bundle, ModelCache cache) {
        Wish wish = cache.borrow(bundle);
        boolean waits = !wish.loan().isDone();
        wish.cancel();
        return waits;
    }

    private static ClaimedJob job(Bundle bundle) {
        return new ClaimedJob(
                new Fence(new JobKey("default", UUID.randomUUID()), 1),
                bundle.name(),
                bundle.version(),
                Priority.NORMAL.rank(),
                "{}",
                null,
                null,
                Instant.EPOCH,
                0,
                false,
                null,
                1,
                null);
    }

    private void preload(List<String> pinned, Duration patience) throws Exception {
        try (ModelCache cache = new ModelCache(new Notes(), 0, pinned)) {
            BundleShelf shelf = BundleShelf.open(folder, Duration.ofMinutes(1), System::nanoTime);
            Models.preloaded(shelf, cache, List.of("default"), pinned, patience);
        }
    }

    private void bundles(Map<String, Integer> parameters) throws IOException {
        for (Map.Entry<String, Integer> each : parameters.entrySet()) {
            Path bundle = Files.createDirectories(folder.resolve(each.getKey()));
            try (var files = Files.list(TINY)) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    Files.copy(file, bundle.resolve(file.getFileName()));
                }
            }
            ObjectNode manifest = (ObjectNode)
                    Json.MAPPER.readTree(bundle.resolve("model.json").toFile());
            manifest.put("name", each.getKey()).put("parameters", each.getValue());
            Files.writeString(bundle.resolve("model.json"), Json.write(manifest));
        }
    }

    /** Notes what it is to load; what comes of it cannot be run. */
    private final class Notes implements ModelCache.Loader {
        @Override
        public ModelCache.Loaded load(Bundle bundle) {
            loaded.add(bundle.name());
            switch (failure) {
                case RuntimeException e -> throw e;
                case Error e -> throw e;
                case null, default -> {}
            }
            return new ModelCache.Loaded(new Model(bundle, null, null, null, null), 1);
        }

        @Override
        public void unload(Model model) {}

        @Override
        public long estimate(Bundle bundle) {
            return 1;
        }
    }
}
