package dev.safelight.worker.model;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Memory outside the heap where one input of a network lies during a call: a CPU reads it there, a GPU fetches it from there.
 * It grows in doubles, since to lock pages makes a GPU wait. One thread at a time.
 */
final class InputMemory implements AutoCloseable {
    /** Wide enough for every vector instruction, so that results do not depend on where a buffer happens to lie. */
    private static final int ALIGNMENT = 64;

    private final PageLock pages;
    private Arena arena;
    private MemorySegment memory = MemorySegment.NULL;
    private boolean locked;

    InputMemory(PageLock pages) {
        this.pages = pages;
    }

    /** That many bytes, of which nothing is known. What was handed out before is void. */
    ByteBuffer of(long bytes) {
        if (bytes > memory.byteSize()) {
            long size = Math.max(bytes, 2 * memory.byteSize());
            close();
            arena = Arena.ofShared();
            memory = arena.allocate(size, ALIGNMENT);
            locked = pages.lock(memory);
        }
        return memory.asSlice(0, bytes).asByteBuffer().order(ByteOrder.nativeOrder());
    }

    @Override
    public void close() {
        if (arena == null) {
            return;
        }
        if (locked) {
            pages.unlock(memory);
            locked = false; // what is allocated next may not come to be
        }
        arena.close();
        arena = null;
        memory = MemorySegment.NULL;
    }
}
