package dev.safelight.worker.model;

import java.lang.foreign.MemorySegment;

/**
 * Keeps memory where it is for a device that fetches from it. What is not locked ("pinned") goes through a buffer of the
 * driver's first.
 */
interface PageLock {

    /** For a device that reads the memory in place. */
    PageLock NONE = new PageLock() {
        @Override
        public boolean lock(MemorySegment memory) {
            return false;
        }

        @Override
        public void unlock(MemorySegment memory) {
            throw new IllegalStateException("was never locked");
        }
    };

    /** @return whether it is locked now; where not, it is as good as before, and slower to fetch from */
    boolean lock(MemorySegment memory);

    /** Has to come before locked memory is freed. */
    void unlock(MemorySegment memory);
}
