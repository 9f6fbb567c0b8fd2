package dev.safelight.bench;

import dev.safelight.bench.measure.MachineFacts;
import dev.safelight.bench.measure.Table;
import dev.safelight.bench.system.ProcessFigures;
import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.BundleReader;
import dev.safelight.common.bundle.Manifest;
import dev.safelight.worker.generate.Engine;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What it takes to load a bundle, beside the size of its files. */
@Command(
        name = "load",
        description =
                "Seconds and memory that loading and warming a bundle takes, in a process that does nothing else.",
        mixinStandardHelpOptions = true)
final class LoadBench implements Callable<Integer> {
    private static final double MEGABYTE = 1e6;

    @Option(names = "--bundle", required = true, description = "folder of the bundle")
    private Path folder;

    @Override
    public Integer call() throws Exception {
        String machine = MachineFacts.line();
        Bundle bundle = BundleReader.read(folder.toAbsolutePath());
        long files = 0;
        for (Manifest.Network network : bundle.manifest().networks().values()) {
            files += Files.size(bundle.file(network.file()));
        }
        ProcessFigures process = new ProcessFigures(ProcessHandle.current().pid());
        Table table = new Table("network files, MB", "seconds", "most memory, MB", "memory afterwards, MB");
        try (Engine engine = Engine.open("cpu")) {
            long before = process.resident();
            long begun = System.nanoTime();
            engine.load(bundle);
            table.row(
                    files / MEGABYTE,
                    (System.nanoTime() - begun) / 1e9,
                    (process.residentPeak() - before) / MEGABYTE,
                    (process.resident() - before) / MEGABYTE);
        }
        System.out.printf(
                "%n`./safelight bench load`: memory beyond that of the process before. %s.%n%n%s%n", machine, table);
        return 0;
    }
}
