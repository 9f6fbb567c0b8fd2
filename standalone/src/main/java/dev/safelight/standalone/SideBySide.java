package dev.safelight.standalone;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/** Slow starts that do not need each other. Closing waits for all of them, so that none opens what nobody closes. */
final class SideBySide implements AutoCloseable {
    private final ExecutorService threads = Executors.newThreadPerTaskExecutor(
            Thread.ofPlatform().name("start-", 0).daemon().factory());

    <T> CompletableFuture<T> call(Supplier<T> start) {
        return CompletableFuture.supplyAsync(start, threads);
    }

    @Override
    public void close() {
        threads.close();
    }
}
