package dev.safelight.common.event;

import dev.safelight.common.job.JobKey;
import java.util.UUID;

/**
 * What an image of a running job looks like so far; a worker tells every API process over Kafka. Ephemeral: only the
 * latest matters, and none is missed.
 *
 * @param step steps that every image had done, of {@code steps}
 * @param image 0-based index of the image in its job
 * @param number counts the previews of an attempt
 * @param data the file, of {@code contentType}; base64 in JSON
 */
public record PreviewShown(
        String tenantId,
        UUID jobId,
        int attempt,
        int step,
        int steps,
        int image,
        int number,
        int width,
        int height,
        String contentType,
        byte[] data) {
    /** Most bytes of a file; a larger one is not sent. */
    public static final int MOST_BYTES = 64 << 10;

    public JobKey key() {
        return new JobKey(tenantId, jobId);
    }
}
