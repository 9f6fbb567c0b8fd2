package dev.safelight.api.http;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Room for images as they come, uploaded or fetched. Each takes as many bytes as it may have before the first of them is
 * kept, and gives them back once it is stored or refused; there is one copy of it meanwhile. No tenant ever has the last quarter.
 */
public final class UploadRoom {
    /** Of the largest kind; of smaller ones as many as take the same room. */
    private static final int AT_ONCE = 4;

    private final long mostOfTenant;
    private final Map<String, Long> taken = new HashMap<>();
    private long free;

    /** @param largest bytes of an image at most */
    public UploadRoom(int largest) {
        this.free = (long) AT_ONCE * largest;
        this.mostOfTenant = free - largest;
    }

    /** @return empty where there is not as much room now */
    public synchronized Optional<Place> take(String tenantId, long bytes) {
        if (free < bytes || taken.getOrDefault(tenantId, 0L) + bytes > mostOfTenant) {
            return Optional.empty();
        }
        add(tenantId, bytes);
        return Optional.of(new Place(tenantId, bytes));
    }

    private synchronized void add(String tenantId, long bytes) {
        free -= bytes;
        taken.compute(tenantId, (key, before) -> {
            long now = (before == null ? 0 : before) + bytes;
            return now == 0 ? null : now;
        });
    }

    /** Room for one image; giving it back twice is harmless. */
    public final class Place {
        private final String tenantId;
        private final long bytes;
        private final AtomicBoolean given = new AtomicBoolean();

        private Place(String tenantId, long bytes) {
            this.tenantId = tenantId;
            this.bytes = bytes;
        }

        public void giveBack() {
            if (given.compareAndSet(false, true)) {
                add(tenantId, -bytes);
            }
        }
    }
}
