package dev.safelight.common.store;

import dev.safelight.common.job.Fence;
import dev.safelight.common.job.JobKey;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where an attempt puts an image. The attempt is part of the key, so that a worker that comes back late writes beside
 * its successor and never over it.
 *
 * @param ordinal 0-based index of the image
 */
public record OutputKey(Fence fence, int ordinal, String extension) {
    /** Below it lie all outputs. */
    public static final String PREFIX = "outputs/";

    private static final Pattern PATH =
            Pattern.compile("outputs/([a-z0-9_-]+)/([0-9a-f-]{36})/(\\d+)/(\\d+)\\.([a-z0-9]+)");

    public String path() {
        JobKey job = fence.job();
        return PREFIX + job.tenantId() + "/" + job.jobId() + "/" + fence.attempt() + "/" + ordinal + "." + extension;
    }

    /** The inverse of {@link #path}; empty for a path that is no output's. */
    public static Optional<OutputKey> parse(String path) {
        Matcher matcher = PATH.matcher(path);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        JobKey job = new JobKey(matcher.group(1), UUID.fromString(matcher.group(2)));
        Fence fence = new Fence(job, Integer.parseInt(matcher.group(3)));
        return Optional.of(new OutputKey(fence, Integer.parseInt(matcher.group(4)), matcher.group(5)));
    }
}
