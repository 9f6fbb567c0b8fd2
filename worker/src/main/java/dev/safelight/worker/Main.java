package dev.safelight.worker;

import dev.safelight.common.config.InvalidSettings;
import dev.safelight.common.config.Settings;

/** Runs a worker until it is told to stop. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        try {
            Settings settings = new Settings(System.getenv());
            WorkerSettings workerSettings = WorkerSettings.read(settings);
            settings.check();
            runUntilStopped(WorkerProcess.start(workerSettings));
        } catch (InvalidSettings e) {
            System.err.println(e.getMessage());
            System.exit(2);
        } catch (RuntimeException e) {
            System.err.println("the worker cannot start: " + e.getMessage());
            System.exit(1);
        }
    }

    /** Returns at once; SIGTERM and SIGINT drain the worker and then end the process with 0. */
    static void runUntilStopped(WorkerProcess worker) {
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            worker.close();
                            // The JVM would report the signal as its exit code; a drained worker has ended well.
                            Runtime.getRuntime().halt(0);
                        },
                        "drain"));
        Thread.ofPlatform().name("worker").start(() -> {
            try {
                Thread.currentThread().join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }
}
