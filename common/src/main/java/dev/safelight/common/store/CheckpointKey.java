package dev.safelight.common.store;

import dev.safelight.common.job.Fence;
import dev.safelight.common.job.JobKey;

/**
 * Where an attempt puts a checkpoint that is too large for a row. No two are under one key.
 *
 * @param advance how far its walks were
 */
public record CheckpointKey(Fence fence, long advance) {
    /** Below it lie all checkpoints. */
    public static final String PREFIX = "checkpoints/";

    public String path() {
        JobKey job = fence.job();
        return PREFIX + job.tenantId() + "/" + job.jobId() + "/" + fence.attempt() + "/" + advance + ".bin";
    }
}
