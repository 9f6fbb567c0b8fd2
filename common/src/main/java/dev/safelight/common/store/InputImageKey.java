package dev.safelight.common.store;

import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where an image lies that jobs are made from.
 *
 * @param sha256 of its bytes, lower-case hex
 * @param writing tells two writings of the same image apart: a key is never used again
 */
public record InputImageKey(String tenantId, String sha256, UUID writing) {
    /** Below it lie all images that jobs are made from. */
    public static final String PREFIX = "inputs/";

    private static final Pattern PATH = Pattern.compile("inputs/([a-z0-9_-]+)/([0-9a-f]{64})/([0-9a-f-]{36})\\.png");

    public String path() {
        return PREFIX + tenantId + "/" + sha256 + "/" + writing + ".png";
    }

    /** The inverse of {@link #path}; empty for a path that is none of these. */
    public static Optional<InputImageKey> parse(String path) {
        Matcher matcher = PATH.matcher(path);
        return matcher.matches()
                ? Optional.of(new InputImageKey(matcher.group(1), matcher.group(2), UUID.fromString(matcher.group(3))))
                : Optional.empty();
    }
}
