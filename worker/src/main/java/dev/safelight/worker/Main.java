package dev.safelight.worker;

import dev.safelight.common.config.InvalidSettings;
import dev.safelight.common.config.Settings;
import dev.safelight.common.trace.Tracing;
import java.util.concurrent.CountDownLatch;

/** Runs a worker until it is told to stop. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) throws InterruptedException {
        try {
            Settings settings = new Settings(System.getenv());
            WorkerSettings workerSettings = WorkerSettings.read(settings);
            settings.check();
            AutoCloseable tracing = Tracing.install("safelight-worker", System.getenv());
            WorkerProcess worker = WorkerProcess.start(workerSettings);
            runUntilStopped(() -> {
                worker.close();
                tracing.close();
            });
        } catch (InvalidSettings e) {
            System.err.println(e.getMessage());
            System.exit(2);
        } catch (RuntimeException e) {
            System.err.println("the worker cannot start: " + e.getMessage());
            System.exit(1);
        }
    }

    /** SIGTERM and SIGINT drain the worker and then end the process with 0. */
    static void runUntilStopped(AutoCloseable worker) throws InterruptedException {
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            try {
                                worker.close();
                            } catch (Exception e) {
                                System.err.println("stopping: " + e);
                            }
                            // The JVM would report the signal as its exit code; a drained worker has ended well.
                            Runtime.getRuntime().halt(0);
                        },
                        "drain"));
        new CountDownLatch(1).await();
    }
}
