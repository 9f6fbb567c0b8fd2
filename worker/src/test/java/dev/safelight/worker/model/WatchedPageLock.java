package dev.safelight.worker.model;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Knows what a GPU would have locked. */
final class WatchedPageLock implements PageLock {
    private final List<MemorySegment> locked = new ArrayList<>();
    private int unlockedTooLate;

    @Override
    public boolean lock(MemorySegment memory) {
        return locked.add(memory);
    }

    @Override
    public void unlock(MemorySegment memory) {
        if (!locked.remove(memory)) {
            throw new IllegalStateException("was never locked");
        }
        if (!memory.scope().isAlive()) {
            unlockedTooLate++;
        }
    }

    /** Of what is locked now, in bytes. */
    List<Long> sizes() {
        return locked.stream().map(MemorySegment::byteSize).toList();
    }

    int unlockedTooLate() {
        return unlockedTooLate;
    }
}
