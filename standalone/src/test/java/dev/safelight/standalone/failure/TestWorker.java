package dev.safelight.standalone.failure;

import dev.safelight.common.config.Settings;
import dev.safelight.worker.WorkerProcess;
import dev.safelight.worker.WorkerSettings;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.concurrent.CountDownLatch;

/**
 * The worker as a process, its network wrapped in a {@link TroubledNetwork}. Everything else is what {@code
 * dev.safelight.worker.Main} runs.
 */
public final class TestWorker {
    private TestWorker() {}

    public static void main(String[] arguments) throws InterruptedException {
        Settings settings = new Settings(System.getenv());
        WorkerSettings workerSettings = WorkerSettings.read(settings);
        // A test has a worker that neither beats nor notices that it does not, which no checked configuration allows.
        if (!System.getenv().containsKey("TEST_UNCHECKED")) {
            settings.check();
        }
        TroubledNetwork.Trouble trouble = TroubledNetwork.Trouble.read(System.getenv());
        WorkerProcess.Equipment equipment = TroubledNetwork.wrap(WorkerProcess.Equipment.load(workerSettings), trouble);
        WorkerProcess worker =
                WorkerProcess.start(workerSettings, equipment, new PrometheusMeterRegistry(PrometheusConfig.DEFAULT));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            worker.close();
            System.out.println("drained");
            Runtime.getRuntime().halt(0);
        }));
        System.out.println("worker ready");
        new CountDownLatch(1).await();
    }
}
