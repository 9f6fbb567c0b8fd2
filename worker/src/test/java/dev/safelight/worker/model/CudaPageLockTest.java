package dev.safelight.worker.model;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/** By functions with the names and parameters of the CUDA runtime's: what a GPU does with them has not been seen. */
class CudaPageLockTest {
    private static final int OUT_OF_MEMORY = 2;

    @AutoClose
    private final Arena arena = Arena.ofConfined();

    private final List<String> calls = new ArrayList<>();
    private int answer;

    int register(MemorySegment memory, long bytes, int flags) {
        calls.add("register " + memory.address() + " " + bytes + " " + flags);
        return answer;
    }

    int unregister(MemorySegment memory) {
        calls.add("unregister " + memory.address());
        return answer;
    }

    int lastError() {
        calls.add("last error");
        return answer;
    }

    private Optional<MemorySegment> function(String name) {
        return switch (name) {
            case "cudaHostRegister" -> Optional.of(stub("register", ADDRESS, JAVA_LONG, JAVA_INT));
            case "cudaHostUnregister" -> Optional.of(stub("unregister", ADDRESS));
            case "cudaGetLastError" -> Optional.of(stub("lastError"));
            default -> Optional.empty();
        };
    }

    @SuppressWarnings("restricted")
    private MemorySegment stub(String method, MemoryLayout... parameters) {
        FunctionDescriptor type = FunctionDescriptor.of(JAVA_INT, parameters);
        MethodType javaType = type.toMethodType();
        try {
            MethodHandle own = MethodHandles.lookup().bind(this, method, javaType);
            return Linker.nativeLinker().upcallStub(own, type, arena);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void locksTheWholeOfItForEveryThread() {
        MemorySegment memory = arena.allocate(4096);
        PageLock pages = new CudaPageLock(this::function);

        assertThat(pages.lock(memory)).isTrue();
        pages.unlock(memory);

        assertThat(calls).containsExactly("register " + memory.address() + " 4096 1", "unregister " + memory.address());
    }

    @Test
    void leavesNoErrorBehindThatPyTorchWouldFind() {
        answer = OUT_OF_MEMORY;

        assertThat(new CudaPageLock(this::function).lock(arena.allocate(8))).isFalse();

        assertThat(calls).last().isEqualTo("last error");
    }

    @Test
    void aLibraryWithoutTheFunctionsIsNone() {
        SymbolLookup empty = _ -> Optional.empty();

        assertThatThrownBy(() -> new CudaPageLock(empty)).isInstanceOf(NoSuchElementException.class);
    }
}
