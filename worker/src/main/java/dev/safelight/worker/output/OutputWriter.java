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

/** Puts images into the object store, where they stay invisible until the attempt succeeds. Threads may share it. */
public final class OutputWriter {
    private final ObjectStore store;

    public OutputWriter(ObjectStore store) {
        this.store = store;
    }

    /**
     * An image's file, and what its row is going to say.
     *
     * @param bytes not to be changed
     */
    public record Encoded(StoredOutput output, byte[] bytes) {}

    /**
     * Makes an image's file, which may be stored as often as it takes.
     *
     * @param ordinal 0-based index of the image in its job
     * @throws IllegalStateException when the format cannot be written
     */
    public static Encoded encode(Fence fence, Origin origin, int ordinal, Picture picture) {
        ImageFormat.Choice choice = ImageFormat.of(origin.input());
        byte[] bytes = choice.format() == ImageFormat.PNG
                ? Png.encode(picture, origin.text(ordinal))
                : LossyFile.encode(picture, choice);
        String mediaType = choice.format().mediaType();
        String key = new OutputKey(fence, ordinal, choice.format().extension()).path();
        StoredOutput output = new StoredOutput(
                ordinal,
                key,
                mediaType,
                picture.width(),
                picture.height(),
                bytes.length,
                sha256(bytes),
                origin.seed(ordinal));
        return new Encoded(output, bytes);
    }

    /**
     * Returns when the image is durable.
     *
     * @throws IOException when the store failed; trying again is fine
     */
    public StoredOutput write(Encoded image) throws IOException {
        store.put(image.output().key(), image.bytes(), image.output().contentType());
        return image.output();
    }

    /** Encodes an image and stores it once. */
    public StoredOutput write(Fence fence, Origin origin, int ordinal, Picture picture) throws IOException {
        return write(encode(fence, origin, ordinal, picture));
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
