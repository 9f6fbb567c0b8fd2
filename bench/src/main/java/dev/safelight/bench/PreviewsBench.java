package dev.safelight.bench;

import dev.safelight.bench.load.JobClient;
import dev.safelight.bench.measure.MachineFacts;
import dev.safelight.bench.measure.Spread;
import dev.safelight.bench.measure.Table;
import dev.safelight.bench.system.ChildProcess;
import dev.safelight.bench.system.Installation;
import dev.safelight.bench.system.WatchedWorker;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What previews cost the jobs: images a second when every job asks for them beside images a second when none does. */
@Command(
        name = "previews",
        description = "Images a second with a preview asked for after each step, beside without.",
        mixinStandardHelpOptions = true)
final class PreviewsBench implements Callable<Integer> {
    private static final String ASKING = ",\"preview\":{\"every\":1}";

    @Option(names = "--rounds", defaultValue = "5", description = "of both, in turns (default ${DEFAULT-VALUE})")
    private int rounds;

    @Option(names = "--jobs", defaultValue = "96", description = "of each side of a round (default ${DEFAULT-VALUE})")
    private int jobs;

    @Option(names = "--steps", defaultValue = "20", description = "of each image (default ${DEFAULT-VALUE})")
    private int steps;

    @Option(names = "--models", description = "folder of bundles (default: the repository's)")
    private Path models;

    @Override
    public Integer call() throws Exception {
        String machine = MachineFacts.line();
        Table table = new Table("round", "nobody asks, images/s", "all ask, images/s", "ratio");
        List<Double> ratios = new ArrayList<>();
        try (Installation installation = Installation.start(models);
                ChildProcess api = installation.startApi();
                WatchedWorker _ = WatchedWorker.start(installation, "fashion");
                JobClient client = new JobClient(Installation.url(api))) {
            imagesASecond(client, "");
            imagesASecond(client, ASKING);
            for (int round = 1; round <= rounds; round++) {
                // Whoever is first has the cooler machine: they take turns.
                boolean plainFirst = round % 2 == 1;
                double first = imagesASecond(client, plainFirst ? "" : ASKING);
                double second = imagesASecond(client, plainFirst ? ASKING : "");
                double plain = plainFirst ? first : second;
                double asking = plainFirst ? second : first;
                ratios.add(asking / plain);
                table.row(round, plain, asking, asking / plain);
            }
        }
        System.out.printf(
                "%n`./safelight bench previews`: %d jobs of one image and %d steps a side. %s.%n%n%s%n"
                        + "Images/s when all ask ÷ when nobody does: %s.%n",
                jobs, steps, machine, table, Spread.of(ratios).text(3));
        return 0;
    }

    private double imagesASecond(JobClient client, String preview) throws IOException {
        long start = System.nanoTime();
        List<String> paths = new ArrayList<>();
        for (int job = 0; job < jobs; job++) {
            paths.add(client.submit("{\"model\":\"fashion\",\"input\":{\"class\":\"sneaker\",\"steps\":" + steps
                    + ",\"seed\":" + job + "}" + preview + "}"));
        }
        for (String path : paths) {
            client.awaitSuccess(path);
        }
        return jobs / ((System.nanoTime() - start) / 1e9);
    }
}
