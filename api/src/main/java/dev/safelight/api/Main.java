package dev.safelight.api;

import dev.safelight.common.bundle.BundleException;
import dev.safelight.common.config.InvalidSettings;
import dev.safelight.common.config.Settings;
import dev.safelight.common.trace.Tracing;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;

/** Runs the API until SIGTERM or SIGINT. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) throws InterruptedException {
        try {
            Settings environment = new Settings(System.getenv());
            ApiSettings settings = ApiSettings.read(environment);
            environment.check();
            AutoCloseable tracing = Tracing.install("safelight-api", System.getenv());
            ApiServer server = ApiServer.start(settings);
            Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(server, tracing), "stop"));
            System.out.println("Safelight API listens on " + server.url());
            new CountDownLatch(1).await();
        } catch (InvalidSettings | BundleException e) {
            exit(2, e.getMessage());
        } catch (IOException e) {
            exit(1, "the API cannot start: " + e.getMessage());
        }
    }

    private static void stop(ApiServer server, AutoCloseable tracing) {
        server.close();
        try {
            tracing.close();
        } catch (Exception e) {
            System.err.println("the last traces are lost: " + e.getMessage());
        }
    }

    private static void exit(int status, String message) {
        System.err.println(message);
        System.exit(status);
    }
}
