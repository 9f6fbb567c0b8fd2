package dev.safelight.bench;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** Measures Safelight. Each bench starts what it needs, prints a table for {@code docs/performance.md}, and stops it all. */
@Command(
        name = "bench",
        description = "Measures speed as ratios within one run.",
        mixinStandardHelpOptions = true,
        subcommands = {
            EngineBench.class,
            EnqueueBench.class,
            FairnessBench.class,
            FullSizeBench.class,
            LoadBench.class,
            OverheadBench.class,
            PreviewsBench.class,
            ReferenceBench.class,
            SoakBench.class,
            StreamsBench.class,
            TextToImageBench.class
        })
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new Main()).execute(arguments));
    }
}
