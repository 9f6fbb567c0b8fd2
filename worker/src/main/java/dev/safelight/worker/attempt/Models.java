package dev.safelight.worker.attempt;

import dev.safelight.common.bundle.BadBundle;
import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.BundleException;
import dev.safelight.common.bundle.BundleLibrary;
import dev.safelight.common.bundle.BundleShelf;
import dev.safelight.common.job.JobError;
import dev.safelight.worker.generate.Loan;
import dev.safelight.worker.generate.Model;
import dev.safelight.worker.generate.ModelCache;
import dev.safelight.worker.generate.Wish;
import dev.safelight.worker.store.ClaimedJob;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The models that this worker can run: all bundles of its queues, loaded when they are needed. */
public final class Models {
    private static final Logger LOG = LoggerFactory.getLogger(Models.class);
    private static final long LOOK_MILLIS = 200;
    /** What could not be loaded is not tried again sooner: the bundle may have been on its way into the folder. */
    private static final Duration BAD = Duration.ofSeconds(10);

    private final Source source;
    private final Map<String, Failure> failures = new ConcurrentHashMap<>();

    /**
     * Why a version could not be loaded, and when.
     *
     * @param bad whether the bundle itself is to blame: whoever reads the same bytes finds the same
     */
    private record Failure(boolean bad, String reason, long nanos) {
        static Failure of(Throwable cause) {
            boolean bad = cause instanceof BundleException;
            String reason = bad ? cause.getMessage() : cause.toString();
            return new Failure(bad, reason.replaceAll("\\R+", "; "), System.nanoTime());
        }

        boolean isFresh() {
            return System.nanoTime() - nanos < BAD.toNanos();
        }

        UnservableJob unservable() {
            return bad ? Models.bad(reason) : UnservableJob.here(new JobError("load_failed", reason));
        }
    }

    /** Where models come from. */
    private interface Source {
        /** The newest version of each model that is there. */
        List<Bundle> bundles();

        /** What is there and cannot be read. */
        List<BadBundle> bad();

        Collection<Model> loaded();

        Optional<Wish> borrow(String name, String version);
    }

    /** Models that are loaded already, and stay so. */
    public Models(Collection<Model> models) {
        this.source = new Source() {
            @Override
            public List<Bundle> bundles() {
                return models.stream().map(Model::bundle).toList();
            }

            @Override
            public List<BadBundle> bad() {
                return List.of();
            }

            @Override
            public Collection<Model> loaded() {
                return models;
            }

            @Override
            public Optional<Wish> borrow(String name, String version) {
                return models.stream()
                        .filter(model -> is(model.bundle(), name, version))
                        .findFirst()
                        .map(model -> new Wish(CompletableFuture.completedFuture(Loan.of(model))));
            }
        };
    }

    /** The bundles of a folder, as it is at the time, that belong to these queues. */
    public Models(BundleShelf shelf, ModelCache cache, List<String> queues) {
        this.source = new Source() {
            @Override
            public List<Bundle> bundles() {
                return mine(shelf.known(), queues);
            }

            @Override
            public List<BadBundle> bad() {
                return shelf.known().bad();
            }

            @Override
            public Collection<Model> loaded() {
                return cache.loaded();
            }

            @Override
            public Optional<Wish> borrow(String name, String version) {
                return shelf.known()
                        .find(name, version)
                        // Its folder may be gone, and the model still here.
                        .or(() -> cache.loaded().stream()
                                .map(Model::bundle)
                                .filter(bundle -> is(bundle, name, version))
                                .findFirst())
                        // The API may have seen it a moment before us.
                        .or(() -> shelf.look().find(name, version))
                        .map(cache::borrow);
            }
        };
    }

    private static boolean is(Bundle bundle, String name, String version) {
        return bundle.name().equals(name) && bundle.version().equals(version);
    }

    private static List<Bundle> mine(BundleLibrary library, List<String> queues) {
        return library.all().stream()
                .filter(bundle -> queues.contains(bundle.manifest().queue()))
                .toList();
    }

    /** Those that are loaded now. */
    public Collection<Model> all() {
        return source.loaded();
    }

    /** Names of all that can be loaded, as far as is known; without a look at the folder, for which no beat may wait. */
    public List<String> names() {
        return source.bundles().stream()
                .filter(bundle -> !isBad(bundle))
                .map(Bundle::name)
                .sorted()
                .toList();
    }

    private boolean isBad(Bundle bundle) {
        Failure known = failures.get(bundle.version());
        return known != null && known.bad();
    }

    /**
     * The model of a job, in the version that its request was validated against: another version may not know its class
     * or sampler, and would give another image. Waits until it is loaded.
     *
     * @param abandoned looked at while waiting
     * @return empty when it was abandoned, or the worker is closing
     * @throws UnservableJob when this worker has no such model, as happens while a new bundle is rolled out, or cannot load
     *     it for now; or the model's bundle is bad, which no other worker can help
     */
    Optional<Loan> hold(ClaimedJob job, BooleanSupplier abandoned) throws InterruptedException {
        Failure known = failures.get(job.bundle());
        if (known != null && known.isFresh()) {
            throw known.unservable();
        }
        Wish wish = source.borrow(job.model(), job.bundle()).orElseThrow(() -> missing(job));
        while (true) {
            try {
                Loan loan = wish.loan().get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
                failures.remove(job.bundle());
                return Optional.of(loan);
            } catch (TimeoutException e) {
                if (abandoned.getAsBoolean()) {
                    wish.cancel();
                    return Optional.empty();
                }
            } catch (InterruptedException e) {
                wish.cancel();
                throw e;
            } catch (CancellationException e) {
                return Optional.empty();
            } catch (ExecutionException e) {
                throw failed(job.model(), job.bundle(), e.getCause()).unservable();
            }
        }
    }

    private Failure failed(String name, String version, Throwable cause) {
        Failure failure = Failure.of(cause);
        failures.put(version, failure);
        LOG.error("model {} is not served{}: {}", name, failure.bad() ? "" : " for now", failure.reason());
        return failure;
    }

    private static UnservableJob bad(String reason) {
        return UnservableJob.anywhere(new JobError("bad_bundle", reason));
    }

    private UnservableJob missing(ClaimedJob job) {
        Optional<BadBundle> unreadable = source.bad().stream()
                .filter(bundle -> bundle.name().equals(job.model()))
                .findFirst();
        if (unreadable.isPresent()) {
            return bad(unreadable.get().reason());
        }
        Optional<String> version = source.bundles().stream()
                .filter(bundle -> bundle.name().equals(job.model()))
                .map(Bundle::version)
                .findFirst();
        if (version.isEmpty()) {
            return UnservableJob.here(
                    new JobError("model_missing", "the worker has no model " + job.model() + "; it has " + names()));
        }
        return UnservableJob.here(new JobError(
                "bundle_version",
                "the job was validated against version " + job.bundle() + " of model " + job.model()
                        + ", and the worker has " + version.get()));
    }

    /**
     * Loads at start what jobs should not have to wait for: the pinned models, and then, the largest first, because it takes
     * longest and is the one to show, what fits, until so much time has passed. What cannot be loaded is passed over.
     *
     * @throws BundleException when a pinned model is not there
     * @throws IllegalStateException when the device cannot be used
     */
    public static Models preloaded(
            BundleShelf shelf, ModelCache cache, List<String> queues, List<String> pinned, Duration patience)
            throws InterruptedException {
        BundleLibrary library = shelf.contents();
        Models models = new Models(shelf, cache, queues);
        library.bad().forEach(bundle -> LOG.error("model {} is not served: {}", bundle.name(), bundle.reason()));
        List<Bundle> first = new ArrayList<>();
        for (String name : pinned) {
            first.add(library.find(name)
                    .orElseThrow(() -> new BundleException(
                            "SAFELIGHT_PINNED_MODELS names " + name + ", which is not in the models folder")));
        }
        for (Bundle bundle : first) {
            models.load(cache, bundle);
        }
        long end = System.nanoTime() + patience.toNanos();
        List<Bundle> largest = mine(library, queues).stream()
                .sorted(Comparator.comparingLong(
                                (Bundle bundle) -> bundle.manifest().parameters())
                        .reversed())
                .toList();
        for (Bundle bundle : largest) {
            if (!first.contains(bundle) && System.nanoTime() < end && cache.hasRoomFor(bundle)) {
                models.load(cache, bundle);
            }
        }
        return models;
    }

    private void load(ModelCache cache, Bundle bundle) throws InterruptedException {
        try {
            cache.borrow(bundle).loan().get().close();
        } catch (ExecutionException e) {
            UnservableJob unservable =
                    failed(bundle.name(), bundle.version(), e.getCause()).unservable();
            if (unservable.saysDeviceLost()) {
                throw new IllegalStateException("the device cannot be used: " + unservable.getMessage(), e);
            }
        }
    }
}
