package dev.safelight.worker.model;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Locks pages for NVIDIA's GPUs, by the CUDA runtime that PyTorch brings along; DJL has no call for it. */
final class CudaPageLock implements PageLock {
    private static final Logger LOG = LoggerFactory.getLogger(CudaPageLock.class);
    private static final List<String> RUNTIMES = List.of("libcudart.so.12", "libcudart.so.13", "libcudart.so");
    private static final int SUCCESS = 0;
    /** Locked for every thread's view of the GPU, not only that of the one which locks. */
    private static final int PORTABLE = 1;

    private final MethodHandle register;
    private final MethodHandle unregister;
    private final MethodHandle takeError;
    private final AtomicBoolean complained = new AtomicBoolean();

    /** @throws NoSuchElementException when the library lacks one of the functions */
    CudaPageLock(SymbolLookup runtime) {
        register = function(runtime, "cudaHostRegister", ADDRESS, JAVA_LONG, JAVA_INT);
        unregister = function(runtime, "cudaHostUnregister", ADDRESS);
        takeError = function(runtime, "cudaGetLastError");
    }

    /** Of this process's CUDA runtime; locks nothing where none is found. */
    @SuppressWarnings("restricted")
    static PageLock ofThisProcess() {
        for (String name : RUNTIMES) {
            try {
                return new CudaPageLock(SymbolLookup.libraryLookup(name, Arena.global()));
            } catch (IllegalArgumentException | NoSuchElementException e) {
                LOG.debug("no page locks by {}: {}", name, e.getMessage());
            }
        }
        LOG.warn("no CUDA runtime found by the names {}: inputs are copied to the GPU from pageable memory", RUNTIMES);
        return NONE;
    }

    @SuppressWarnings("restricted")
    private static MethodHandle function(SymbolLookup library, String name, MemoryLayout... parameters) {
        return Linker.nativeLinker()
                .downcallHandle(library.findOrThrow(name), FunctionDescriptor.of(JAVA_INT, parameters));
    }

    @Override
    public boolean lock(MemorySegment memory) {
        int status = call(register, memory, memory.byteSize(), PORTABLE);
        if (status != SUCCESS && !complained.getAndSet(true)) {
            LOG.warn(
                    "CUDA does not lock {} bytes (error {}): they are copied from pageable memory",
                    memory.byteSize(),
                    status);
        }
        return status == SUCCESS;
    }

    @Override
    public void unlock(MemorySegment memory) {
        int status = call(unregister, memory);
        if (status != SUCCESS) {
            LOG.warn("CUDA does not unlock {} bytes (error {})", memory.byteSize(), status);
        }
    }

    private int call(MethodHandle function, Object... arguments) {
        try {
            int status = (int) function.invokeWithArguments(arguments);
            if (status != SUCCESS) {
                // The runtime keeps the last error, and PyTorch would take it for its own.
                Object _ = takeError.invokeWithArguments();
            }
            return status;
        } catch (Throwable e) {
            throw new IllegalStateException("cannot call the CUDA runtime", e);
        }
    }
}
