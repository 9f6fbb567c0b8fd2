package dev.safelight.common.job;

import java.util.Comparator;
import java.util.UUID;

/** Names one job. Tenant first, as in every key of the schema; the natural order is the order in which rows are locked. */
public record JobKey(String tenantId, UUID jobId) implements Comparable<JobKey> {
    private static final Comparator<JobKey> ORDER = Comparator.comparing(JobKey::tenantId)
            .thenComparing(key -> key.jobId().toString());

    /** The tenant of an installation without keys. */
    public static final String DEFAULT_TENANT = "default";

    @Override
    public int compareTo(JobKey other) {
        return ORDER.compare(this, other);
    }
}
