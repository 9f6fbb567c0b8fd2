package dev.safelight.worker.output;

import dev.safelight.common.job.Fence;
import dev.safelight.common.store.ObjectStore;
import dev.safelight.common.store.OutputKey;
import dev.safelight.worker.decode.Picture;
import dev.safelight.worker.store.StoredOutput;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * Puts images into the object store, where they stay invisible until the attempt succeeds. Threads may share it: each
 * walk writes its own image when it is done.
 */
public final class OutputWriter {
    private static final String CONTENT_TYPE = "image/png";

    private final ObjectStore store;

    public OutputWriter(ObjectStore store) {
        this.store = store;
    }

    /**
     * Returns when the image is durable.
     *
     * @param ordinal 0-based index of the image in its job
     * @throws IOException when the store failed; trying again is fine
     */
    public StoredOutput write(Fence fence, Origin origin, int ordinal, Picture picture) throws IOException {
        byte[] bytes = Png.encode(picture, origin.text(ordinal));
        String key = new OutputKey(fence, ordinal, "png").path();
        store.put(key, bytes, CONTENT_TYPE);
        return new StoredOutput(
                ordinal,
                key,
                CONTENT_TYPE,
                picture.width(),
                picture.height(),
                bytes.length,
                sha256(bytes),
                origin.seed(ordinal));
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
