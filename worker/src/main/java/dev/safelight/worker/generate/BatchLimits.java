package dev.safelight.worker.generate;

import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.wire.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How many rows a call should carry at most: as many as still bring more rows a second. Measured once for each bundle,
 * device and number of threads, and remembered in a folder, so that later starts are quick; but only what was measured while
 * nothing else kept the machine busy, so that one bad moment does not slow a worker for ever.
 */
public final class BatchLimits {
    private static final Logger LOG = LoggerFactory.getLogger(BatchLimits.class);

    private final Path folder;

    private BatchLimits(Path folder) {
        this.folder = folder;
    }

    /** What the manifest allows, without measuring. */
    public static BatchLimits listed() {
        return new BatchLimits(null);
    }

    /** @param folder where measurements are kept; made when it is missing, done without when it cannot be */
    public static BatchLimits measured(Path folder) {
        return new BatchLimits(folder);
    }

    boolean measures() {
        return folder != null;
    }

    /** What was measured. */
    record Measurement(String bundle, String device, int threads, Sweep sweep) {
        static Measurement of(Bundle bundle, String device, Sweep sweep) {
            return new Measurement(bundle.version(), device, processors(), sweep);
        }

        int mostRows() {
            return sweep.mostRows();
        }

        private boolean isOf(Bundle bundle, String device) {
            return bundle.version().equals(this.bundle)
                    && device.equals(this.device)
                    && threads == processors()
                    && sweep != null
                    && !sweep.rowsPerSecond().isEmpty();
        }
    }

    /** What was measured before, here. */
    Optional<Measurement> recall(Bundle bundle, String device) {
        if (folder == null) {
            return Optional.empty();
        }
        Path file = file(bundle, device);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            Measurement known = Json.MAPPER.readValue(file.toFile(), Measurement.class);
            return Optional.of(known).filter(measurement -> measurement.isOf(bundle, device));
        } catch (IOException e) {
            LOG.info("{} is measured again: {}", bundle.name(), e.toString());
            return Optional.empty();
        }
    }

    /** Unless its rounds disagree: then it is good for as long as the model is loaded, and the next load measures again. */
    void remember(Bundle bundle, Measurement measurement) {
        LOG.info(
                "{} on {}: {} rows a call, measured {} rows/s{}",
                bundle.name(),
                measurement.device(),
                measurement.mostRows(),
                measurement.sweep().rowsPerSecond(),
                measurement.sweep().steady()
                        ? ""
                        : "; the machine was busy, rounds differ by a factor of %.2f: will be measured again"
                                .formatted(measurement.sweep().spread()));
        if (!measurement.sweep().steady()) {
            return;
        }
        try {
            Files.createDirectories(folder);
            Path file = file(bundle, measurement.device());
            Path partial = Files.createTempFile(folder, "measurement", ".part");
            Files.writeString(partial, Json.write(measurement));
            Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            LOG.info("{} will be measured again at the next start: {}", bundle.name(), e.toString());
        }
    }

    private Path file(Bundle bundle, String device) {
        String key = bundle.version() + " " + device + " " + processors();
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
            return folder.resolve("rows-" + HexFormat.of().formatHex(digest, 0, 12) + ".json");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static int processors() {
        return Runtime.getRuntime().availableProcessors();
    }
}
