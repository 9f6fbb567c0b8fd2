package dev.safelight.worker;

import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.common.config.KafkaSettings;
import dev.safelight.common.config.LogSettings;
import dev.safelight.common.config.Settings;
import dev.safelight.common.config.StoreSettings;
import dev.safelight.worker.attempt.AttemptSettings;
import dev.safelight.worker.safety.SafetySettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * All of a worker's configuration.
 *
 * @param device {@code cpu}, {@code cuda} or {@code auto}
 * @param queues the queues it serves; it must be able to load every model in them
 * @param models the folder of bundles
 * @param cache folder for what is measured once
 * @param modelMemory mebibytes that loaded models may take; 0 for no limit
 * @param pinnedModels models that are loaded at start and never put away
 * @param slots jobs of the regular lane at a time
 * @param headroom jobs of the express lane beyond them
 * @param lease how long a claim or a beat lasts
 * @param beat how often leases are renewed
 * @param selfFence without a successful beat for so long all attempts stop; shorter than the lease
 * @param checkpointInterval how often it is saved where the walks are; zero only saves what is handed back
 * @param drainGrace at SIGTERM, how long running jobs may go on before they are handed back
 * @param metricsPort port of the Prometheus page; 0 for none
 */
public record WorkerSettings(
        String device,
        List<String> queues,
        Path models,
        Path cache,
        long modelMemory,
        List<String> pinnedModels,
        int slots,
        int headroom,
        Duration lease,
        Duration beat,
        Duration selfFence,
        Duration checkpointInterval,
        Duration drainGrace,
        int metricsPort,
        AttemptSettings attempts,
        SafetySettings safety,
        DatabaseSettings database,
        KafkaSettings kafka,
        StoreSettings store) {
    private static final int CONNECTIONS = 8;

    /** Reads and remembers the variables; the caller runs {@link Settings#check()}. */
    public static WorkerSettings read(Settings settings) {
        LogSettings.read(settings);
        WorkerSettings read = new WorkerSettings(
                settings.read(
                        "SAFELIGHT_DEVICE", "auto", "where networks run: cpu, cuda or auto", WorkerSettings::device),
                settings.list("SAFELIGHT_QUEUES", "default", "queues that this worker serves"),
                Path.of(settings.text("SAFELIGHT_MODELS", "models", "folder of model bundles")),
                Path.of(settings.text(
                        "SAFELIGHT_CACHE", ".safelight/cache", "folder for what is measured once, as batch sizes")),
                settings.integer(
                        "SAFELIGHT_MODEL_MEMORY",
                        4096,
                        0,
                        10_000_000,
                        "MiB that loaded models may take; the least recently used goes; 0 for no limit"),
                settings.list("SAFELIGHT_PINNED_MODELS", "", "models that are loaded at start and never put away"),
                settings.integer("SAFELIGHT_SLOTS", 32, 1, 10_000, "jobs of the regular lane at a time"),
                settings.integer("SAFELIGHT_HEADROOM", 32, 0, 10_000, "jobs of the express lane beyond the slots"),
                settings.duration("SAFELIGHT_LEASE", "15s", "how long a claim or a beat holds a job"),
                settings.duration("SAFELIGHT_BEAT", "1s", "how often leases are renewed"),
                settings.duration(
                        "SAFELIGHT_SELF_FENCE",
                        "10s",
                        "without a beat for so long a worker stops by itself; under the lease"),
                settings.duration(
                        "SAFELIGHT_CHECKPOINT_INTERVAL",
                        "2s",
                        "how often the state of running jobs is saved; 0s only when they are handed back"),
                settings.duration("SAFELIGHT_DRAIN_GRACE", "8s", "at SIGTERM, how long running jobs may go on"),
                settings.integer(
                        "SAFELIGHT_METRICS_PORT", 0, 0, 65_535, "port of the worker's metrics page; 0 for none"),
                new AttemptSettings(
                        settings.duration(
                                "SAFELIGHT_STORE_PATIENCE",
                                "30s",
                                "how long an attempt waits for a store that is away"),
                        settings.duration(
                                "SAFELIGHT_RETRY_DELAY",
                                "2s",
                                "wait before a retry after such an error; doubles each time"),
                        settings.duration(
                                "SAFELIGHT_BUNDLE_DELAY",
                                "15s",
                                "wait before a job is tried again whose bundle a worker lacks or cannot load; doubles each time")),
                SafetySettings.read(settings),
                DatabaseSettings.read(settings, CONNECTIONS),
                KafkaSettings.read(settings),
                StoreSettings.read(settings));
        settings.require(
                read.beat().compareTo(read.selfFence()) < 0 && read.selfFence().compareTo(read.lease()) < 0,
                "SAFELIGHT_BEAT must be shorter than SAFELIGHT_SELF_FENCE, and that shorter than SAFELIGHT_LEASE: a worker"
                        + " has to stop before its jobs are given to another");
        return read;
    }

    private static String device(String text) {
        return switch (text) {
            case "cpu", "cuda", "auto" -> text;
            default -> throw new IllegalArgumentException("must be cpu, cuda or auto");
        };
    }
}
