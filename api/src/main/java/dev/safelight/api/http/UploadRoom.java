package dev.safelight.api.http;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/** How many bytes of uploads this process holds in memory at a time, whoever sends them. */
final class UploadRoom {
    private final AtomicLong free;

    UploadRoom(long bytes) {
        this.free = new AtomicLong(bytes);
    }

    /** @return empty where there is not as much room now */
    Optional<Place> take(long bytes) {
        long before = free.getAndUpdate(left -> left >= bytes ? left - bytes : left);
        return before >= bytes ? Optional.of(new Place(bytes)) : Optional.empty();
    }

    /** Room for one upload; giving it back twice is harmless. */
    final class Place {
        private final long bytes;
        private final AtomicBoolean given = new AtomicBoolean();

        private Place(long bytes) {
            this.bytes = bytes;
        }

        void giveBack() {
            if (given.compareAndSet(false, true)) {
                free.addAndGet(bytes);
            }
        }
    }
}
