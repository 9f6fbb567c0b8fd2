package dev.safelight.bench.engine;

import dev.safelight.bench.system.Installation;
import dev.safelight.common.config.StoreSettings;
import dev.safelight.common.job.Fence;
import dev.safelight.common.job.JobIds;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.ObjectStore;
import dev.safelight.common.store.ObjectStores;
import dev.safelight.common.store.Sql;
import dev.safelight.worker.checkpoint.Checkpoints;
import dev.safelight.worker.generate.Progress;
import dev.safelight.worker.store.CheckpointStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;

/** Jobs that a real Postgres takes to be running here, and the worker's own service that saves them. */
final class CheckpointedJobs implements AutoCloseable {
    private static final String RUNNING = Sql.of(CheckpointedJobs.class, "running_job");
    /** More than there is time for: a job that began again would be behind what was saved of it. */
    private static final int STEPS = 1000;

    private static final int MOST_INLINE = 256 * 1024;

    private final Installation installation;
    private final Database database;
    private final ObjectStore objects;
    private final UUID owner = UUID.randomUUID();
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

    private CheckpointedJobs(Installation installation) throws IOException {
        this.installation = installation;
        this.database = Database.open(installation.database(), "bench");
        this.objects = ObjectStores.open(new StoreSettings(
                StoreSettings.Kind.FILE, installation.folder().resolve("checkpoints"), "", "", "", "", "", ""));
    }

    static CheckpointedJobs start() throws IOException {
        return new CheckpointedJobs(Installation.start(null));
    }

    /** Runs so many streams of jobs for a while. @param saved whether the service runs, with its default interval */
    double stepsPerSecond(Workbench bench, int streams, int seconds, boolean saved) throws InterruptedException {
        try (Checkpoints checkpoints = new Checkpoints(
                new CheckpointStore(database, owner), objects, Duration.ofSeconds(2), MOST_INLINE, meters)) {
            List<AtomicReference<Progress>> walks = new ArrayList<>();
            if (saved) {
                for (int stream = 0; stream < streams; stream++) {
                    AtomicReference<Progress> walk = new AtomicReference<>();
                    walks.add(walk);
                    checkpoints.add(
                            running(), () -> Optional.ofNullable(walk.get()).map(Progress::checkpoint));
                }
                checkpoints.start();
            }
            CountDownLatch done = new CountDownLatch(streams);
            bench.network().reset();
            long start = System.nanoTime();
            long end = start + seconds * 1_000_000_000L;
            for (int stream = 0; stream < streams; stream++) {
                int number = stream;
                Thread.ofVirtual().start(() -> {
                    try {
                        bench.runUntil(
                                Workbench.input(STEPS, number),
                                new Progress.Listener() {
                                    @Override
                                    public void begun(Progress progress) {
                                        if (saved) {
                                            walks.get(number).set(progress);
                                        }
                                    }

                                    @Override
                                    public void stepped(Progress progress) {}
                                },
                                end);
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    } finally {
                        done.countDown();
                    }
                });
            }
            done.await();
            return bench.network().calls().rows() / ((System.nanoTime() - start) / 1e9);
        }
    }

    long saved() {
        return (long) meters.counter("safelight.checkpoints").count();
    }

    private Fence running() {
        JobKey key = new JobKey(JobKey.DEFAULT_TENANT, JobIds.next());
        database.jdbi()
                .useHandle(handle -> handle.createUpdate(RUNNING)
                        .bind("tenant", key.tenantId())
                        .bind("job", key.jobId())
                        .bind("owner", owner)
                        .execute());
        return new Fence(key, 1);
    }

    @Override
    public void close() {
        objects.close();
        database.close();
        installation.close();
    }
}
