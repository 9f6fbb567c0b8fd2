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
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How many rows a call should carry at most: as many as still bring more rows a second. Measured once for each bundle,
 * device and number of threads, and remembered in a folder, so that later starts are quick.
 */
public final class BatchLimits {
    private static final Logger LOG = LoggerFactory.getLogger(BatchLimits.class);
    /** A larger call that brings less than this much more only makes everybody wait longer. */
    private static final double WORTH_IT = 0.95;

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

    /**
     * What was measured.
     *
     * @param rowsPerSecond by rows a call
     */
    record Measurement(
            String bundle, String device, int threads, TreeMap<Integer, Double> rowsPerSecond, int mostRows) {
        static Measurement of(Bundle bundle, String device, SortedMap<Integer, Double> rowsPerSecond) {
            return new Measurement(
                    bundle.version(), device, processors(), new TreeMap<>(rowsPerSecond), choose(rowsPerSecond));
        }

        private boolean isOf(Bundle bundle, String device) {
            return bundle.version().equals(this.bundle)
                    && device.equals(this.device)
                    && threads == processors()
                    && mostRows >= 1;
        }
    }

    /** The smallest call whose rows a second come close to the best; one row where nothing is gained by sharing. */
    static int choose(SortedMap<Integer, Double> rowsPerSecond) {
        double best = rowsPerSecond.values().stream().max(Double::compare).orElseThrow();
        return rowsPerSecond.entrySet().stream()
                .filter(entry -> entry.getValue() >= WORTH_IT * best)
                .mapToInt(Map.Entry::getKey)
                .min()
                .orElse(1);
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

    void remember(Bundle bundle, Measurement measurement) {
        LOG.info(
                "{} on {}: {} rows a call, measured {} rows/s",
                bundle.name(),
                measurement.device(),
                measurement.mostRows(),
                measurement.rowsPerSecond());
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
