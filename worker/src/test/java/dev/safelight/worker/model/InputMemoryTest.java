package dev.safelight.worker.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class InputMemoryTest {
    private final WatchedPageLock pages = new WatchedPageLock();

    @Test
    void whatFitsLiesWhereTheLastDid() {
        try (InputMemory memory = new InputMemory(pages)) {
            ByteBuffer first = memory.of(1000);
            ByteBuffer smaller = memory.of(10);

            assertThat(MemorySegment.ofBuffer(smaller).address())
                    .isEqualTo(MemorySegment.ofBuffer(first).address());
            assertThat(smaller.remaining()).isEqualTo(10);
            assertThat(pages.sizes()).containsExactly(1000L);
        }
    }

    @Test
    void itIsAlignedForVectorInstructions() {
        try (InputMemory memory = new InputMemory(pages)) {
            for (int bytes : new int[] {1, 3, 1000}) {
                assertThat(MemorySegment.ofBuffer(memory.of(bytes)).address() % 64)
                        .isZero();
            }
        }
    }

    @Test
    void whatItOutgrowsIsUnlockedBeforeItIsFreed() {
        InputMemory memory = new InputMemory(pages);
        memory.of(100);
        memory.of(101);

        assertThat(pages.sizes()).containsExactly(200L);
        assertThat(pages.unlockedTooLate()).isZero();

        memory.close();
        memory.close();
        assertThat(pages.sizes()).isEmpty();
        assertThat(pages.unlockedTooLate()).isZero();
    }

    @Test
    void whatCouldNotBeAllocatedIsNotUnlocked() {
        InputMemory memory = new InputMemory(pages);
        memory.of(100);
        assertThatThrownBy(() -> memory.of(Long.MAX_VALUE)).isInstanceOf(Throwable.class);

        assertThatCode(memory::close).doesNotThrowAnyException();
        assertThat(memory.of(10).remaining()).isEqualTo(10);
        memory.close();
        assertThat(pages.sizes()).isEmpty();
    }

    @Test
    void whatCannotBeLockedServesAllTheSame() {
        try (InputMemory memory = new InputMemory(PageLock.NONE)) {
            assertThat(memory.of(8).putLong(0, 42).getLong(0)).isEqualTo(42);
        }
    }
}
