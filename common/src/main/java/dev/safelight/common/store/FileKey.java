package dev.safelight.common.store;

import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Where an uploaded image lies. */
public record FileKey(String tenantId, UUID fileId) {
    /** Below it lie all uploads. */
    public static final String PREFIX = "files/";

    private static final Pattern PATH = Pattern.compile("files/([a-z0-9_-]+)/([0-9a-f-]{36})\\.png");

    public String path() {
        return PREFIX + tenantId + "/" + fileId + ".png";
    }

    /** The inverse of {@link #path}; empty for a path that is no upload's. */
    public static Optional<FileKey> parse(String path) {
        Matcher matcher = PATH.matcher(path);
        return matcher.matches()
                ? Optional.of(new FileKey(matcher.group(1), UUID.fromString(matcher.group(2))))
                : Optional.empty();
    }
}
