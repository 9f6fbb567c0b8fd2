package dev.safelight.worker.batch;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.function.Supplier;
import org.slf4j.LoggerFactory;

/**
 * Virtual threads that one platform thread carries between whatever else it does. When it has something for them they go
 * on at once, on its own processor and with its caches, where the usual carriers would have to be woken.
 *
 * <p>Java offers no way to say who carries a virtual thread, but its own code has one. Where that is not open to us
 * ({@code --add-opens java.base/java.lang=ALL-UNNAMED}), the usual carriers do it, and all is as right and a little slower.
 */
final class Carrier {
    private static final Optional<MethodHandle> CARRIED_THREAD = carriedThread();

    private final Runnable wake;
    private final Queue<Runnable> turns = new ConcurrentLinkedQueue<>();
    private volatile boolean away;

    /** @param wake called by any thread, and to do no more than to see to it that {@link #turns()} is called */
    Carrier(Runnable wake) {
        this.wake = wake;
    }

    private static Optional<MethodHandle> carriedThread() {
        try {
            Class<?> builders = Class.forName("java.lang.ThreadBuilders");
            MethodType signature =
                    MethodType.methodType(Thread.class, Executor.class, String.class, int.class, Runnable.class);
            return Optional.of(MethodHandles.privateLookupIn(builders, MethodHandles.lookup())
                    .findStatic(builders, "newVirtualThread", signature));
        } catch (ReflectiveOperationException | RuntimeException e) {
            LoggerFactory.getLogger(Carrier.class)
                    .info("Java does not let the device step its walks, which costs some microseconds a step; with"
                            + " --add-opens=java.base/java.lang=ALL-UNNAMED it does");
            return Optional.empty();
        }
    }

    /**
     * Runs a task on a carried thread and waits for what it gives.
     *
     * @throws RuntimeException or an error, as the task did
     */
    <T> T run(Supplier<T> task) {
        String name = Thread.currentThread().getName();
        try {
            return CompletableFuture.supplyAsync(task, thread -> start(name, thread))
                    .join();
        } catch (CompletionException e) {
            switch (e.getCause()) {
                case RuntimeException cause -> throw cause;
                case Error cause -> throw cause;
                case null, default -> throw e;
            }
        }
    }

    private void start(String name, Runnable task) {
        if (CARRIED_THREAD.isEmpty()) {
            Thread.ofVirtual().name(name).start(task);
            return;
        }
        try {
            Thread thread = (Thread) CARRIED_THREAD.get().invokeExact((Executor) this::turn, name, 0, task);
            thread.start();
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private void turn(Runnable turn) {
        turns.add(turn);
        if (away) {
            elsewhere();
        } else {
            wake.run();
        }
    }

    /** Carries every thread that can go on until it cannot. For the carrying thread, which holds no lock meanwhile. */
    void turns() {
        Runnable turn;
        while ((turn = turns.poll()) != null) {
            turn.run();
        }
    }

    /**
     * The carrying thread turns to something else, and other carriers see to its threads. Whatever it does then it may wait
     * for what one of its threads holds or is about to get.
     */
    void leave() {
        away = true;
        elsewhere();
    }

    /** The carrying thread is going to take turns again. It must wait for nothing that its threads wait for. */
    void comeBack() {
        away = false;
    }

    private void elsewhere() {
        Runnable turn;
        while ((turn = turns.poll()) != null) {
            ForkJoinPool.commonPool().execute(turn);
        }
    }
}
