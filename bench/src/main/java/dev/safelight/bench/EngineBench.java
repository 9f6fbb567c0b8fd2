package dev.safelight.bench;

import dev.safelight.bench.engine.EngineParts;
import dev.safelight.bench.engine.Workbench;
import dev.safelight.bench.measure.MachineFacts;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What the sampling engine adds to its network, and what continuous batching brings. */
@Command(
        name = "engine",
        description = "The sampling loop beside its network, and continuous beside request-level batching.",
        mixinStandardHelpOptions = true)
final class EngineBench implements Callable<Integer> {
    @Option(
            names = "--parts",
            split = ",",
            defaultValue = "batch,loop,whole,arrivals,checkpoints",
            description = "what to measure (default ${DEFAULT-VALUE})")
    private List<String> parts;

    @Option(names = "--rounds", defaultValue = "5", description = "of each part (default ${DEFAULT-VALUE})")
    private int rounds;

    @Option(names = "--seconds", defaultValue = "4", description = "of each side of a round (default ${DEFAULT-VALUE})")
    private int seconds;

    @Option(
            names = "--warmup",
            defaultValue = "30",
            description = "seconds of jobs before anything is measured (default ${DEFAULT-VALUE})")
    private int warmup;

    @Option(
            names = "--arrivals-seconds",
            defaultValue = "25",
            description = "of arrivals for each policy (default ${DEFAULT-VALUE})")
    private int arrivalsSeconds;

    @Option(names = "--model", defaultValue = "fashion", description = "to run (default ${DEFAULT-VALUE})")
    private String model;

    @Option(names = "--models", description = "folder of bundles (default: the repository's)")
    private Path models;

    @Override
    public Integer call() throws Exception {
        Path root = Path.of(System.getProperty("safelight.root", "")).toAbsolutePath();
        String machine = MachineFacts.line();
        Path measurements = root.resolve("bench/target/measurements");
        try (Workbench bench = Workbench.open(models == null ? root.resolve("models") : models, model, measurements)) {
            EngineParts measured = new EngineParts(bench, rounds, seconds, arrivalsSeconds);
            System.out.printf("%n`./safelight bench engine --parts %s`. %s.%n", String.join(",", parts), machine);
            measured.warmUp(warmup);
            for (String part : parts) {
                System.out.printf(
                        "%n%s%n",
                        switch (part) {
                            case "batch" -> measured.batch();
                            case "loop" -> measured.loop();
                            case "whole" -> measured.whole(root.resolve("bench/target"));
                            case "arrivals" -> measured.arrivals();
                            case "checkpoints" -> measured.checkpoints();
                            default -> throw new IllegalArgumentException("no part is called " + part);
                        });
            }
        }
        return 0;
    }
}
