package dev.safelight.worker.output;

import dev.safelight.common.job.Fence;
import dev.safelight.common.request.ImageFormat;
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
        ImageFormat.Choice choice = ImageFormat.of(origin.input());
        byte[] bytes = choice.format() == ImageFormat.PNG
                ? Png.encode(picture, origin.text(ordinal))
                : LossyFile.encode(picture, choice);
        String mediaType = choice.format().mediaType();
        String key = new OutputKey(fence, ordinal, choice.format().extension()).path();
        store.put(key, bytes, mediaType);
        return new StoredOutput(
                ordinal,
                key,
                mediaType,
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
