package dev.safelight.standalone.command;

import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.trace.Tracing;
import dev.safelight.embedded.Ports;
import dev.safelight.standalone.CannotStart;
import dev.safelight.standalone.Standalone;
import dev.safelight.standalone.StandaloneSettings;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "up",
        description =
                "Start everything in one process, on this machine's loopback interface: Postgres, Kafka, migrations,"
                        + " API and a worker with the bundled models. Ctrl-C drains and stops; jobs and outputs stay.")
final class UpCommand implements Callable<Integer> {
    /** A supervisor that waits ten seconds before it kills must never have to. */
    private static final Duration PATIENCE_AT_STOP = Duration.ofSeconds(9);

    @Option(
            names = "--port",
            defaultValue = "8080",
            description = "Port of the API; 0 takes a free one (default 8080).")
    private int port;

    @Option(
            names = "--data",
            defaultValue = ".safelight",
            description = "Folder for all that outlives a restart (default .safelight).")
    private Path data;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws CannotStart, InterruptedException {
        long start = System.nanoTime();
        if (port < 0 || port > 65_535) {
            throw new CannotStart("--port " + port + " is no port; they go from 0 to 65535");
        }
        Standalone standalone = new Standalone(
                new StandaloneSettings(port == 0 ? Ports.free() : port, data, modelsFolder(), System.getenv()));
        AutoCloseable tracing = Tracing.install("safelight", System.getenv());
        Thread stop = new Thread(() -> stop(standalone, tracing), "stop");
        Runtime.getRuntime().addShutdownHook(stop);
        try {
            standalone.start();
        } catch (CannotStart e) {
            removeHook(stop);
            throw e;
        }
        welcome(standalone, Duration.ofNanos(System.nanoTime() - start));
        new CountDownLatch(1).await();
        return 0;
    }

    private static Path modelsFolder() {
        return Optional.ofNullable(System.getenv("SAFELIGHT_MODELS"))
                .filter(text -> !text.isBlank())
                .map(Path::of)
                .orElseGet(() -> Path.of(System.getProperty("safelight.root", ""), "models"));
    }

    private void welcome(Standalone standalone, Duration took) {
        PrintWriter out = spec.commandLine().getOut();
        out.printf(Locale.ROOT, "Safelight is ready at %s after %.1f s%n", standalone.url(), took.toMillis() / 1e3);
        // The largest is the one to judge the house by; the newest may be a curiosity.
        Optional<Bundle> largest = standalone.models().all().stream()
                .max(Comparator.comparingLong(model -> model.manifest().parameters()));
        largest.ifPresentOrElse(model -> tryIt(out, standalone, model), () -> {
            out.println("There is no model in " + modelsFolder() + "; add a bundle and start again.");
        });
        out.println("Ctrl-C stops it; jobs and pictures stay in " + data);
        out.flush();
    }

    private static void tryIt(PrintWriter out, Standalone standalone, Bundle model) {
        ExampleRequest example = ExampleRequest.of(model.manifest());
        out.println("Try:");
        out.println("  " + example.curl(standalone.url()));
        out.println("  " + example.submit(standalone.url()));
    }

    private static void removeHook(Thread hook) throws InterruptedException {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // Stopping was the reason; the hook ends the process.
            new CountDownLatch(1).await();
        }
    }

    private static void stop(Standalone standalone, AutoCloseable tracing) {
        try {
            System.err.println("safelight: stopping; what runs may take some seconds to finish or is handed back");
            standalone.closeWithin(PATIENCE_AT_STOP);
            tracing.close();
            System.err.println("safelight: stopped");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Exception e) {
            System.err.println("safelight: the last traces are lost: " + e.getMessage());
        } finally {
            // The JVM would report the signal; a drained process has ended well.
            Runtime.getRuntime().halt(0);
        }
    }
}
