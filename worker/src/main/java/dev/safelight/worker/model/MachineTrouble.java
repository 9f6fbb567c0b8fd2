package dev.safelight.worker.model;

import java.util.List;
import java.util.Locale;

/**
 * Tells trouble of the machine, which may pass and which another machine may not have, from what is wrong with a network.
 * PyTorch has only words for either.
 */
public final class MachineTrouble {
    private static final List<String> WORDS = List.of(
            // no room: CUDA's allocator, the CPU's, C's and C++'s
            "out of memory",
            "can't allocate memory",
            "cannot allocate memory",
            "bad_alloc",
            // the GPU, or its driver
            "cuda error",
            "cuda driver error",
            "cudnn error",
            // a folder that went away after the digest was found right
            "open file failed",
            "file read failed");

    private MachineTrouble() {}

    /** Whether that speaks of the machine. Errors of the JVM always do. */
    public static boolean is(Throwable failure) {
        String said = String.valueOf(failure.getMessage()).toLowerCase(Locale.ROOT);
        return failure instanceof Error || WORDS.stream().anyMatch(said::contains);
    }
}
