package dev.safelight.common.request;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * How a resolved input names an image: by the digest of the bytes that are kept of it.
 *
 * @param sha256 lower-case hex
 */
public record ImageDigest(String sha256) {
    /** Before the digest, in inputs. */
    public static final String PREFIX = "sha256:";

    private static final Pattern HEX = Pattern.compile("[0-9a-f]{64}");

    /** Empty for whatever else names an image. */
    public static Optional<ImageDigest> of(String text) {
        return text.startsWith(PREFIX)
                        && HEX.matcher(text.substring(PREFIX.length())).matches()
                ? Optional.of(new ImageDigest(text.substring(PREFIX.length())))
                : Optional.empty();
    }

    /** Of bytes that are kept. */
    public static ImageDigest of(byte[] bytes) {
        try {
            return new ImageDigest(HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(bytes)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    @Override
    public String toString() {
        return PREFIX + sha256;
    }
}
