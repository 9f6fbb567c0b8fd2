package dev.safelight.bench;

import dev.safelight.bench.load.ClosedLoop;
import dev.safelight.bench.load.InsertClient;
import dev.safelight.bench.load.SubmitClient;
import dev.safelight.bench.load.SubmittedRow;
import dev.safelight.bench.measure.FsyncProbe;
import dev.safelight.bench.measure.Latencies;
import dev.safelight.bench.measure.MachineFacts;
import dev.safelight.bench.measure.Spread;
import dev.safelight.bench.measure.Table;
import dev.safelight.bench.system.ChildProcess;
import dev.safelight.bench.system.Installation;
import dev.safelight.bench.system.ProcessFigures;
import dev.safelight.common.config.DatabaseSettings;
import java.net.URI;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** How many jobs a second the API accepts, beside a plain loop that makes the same rows durable. */
@Command(
        name = "enqueue",
        description = "POST to 202, as a ratio to a plain JDBC loop that inserts the same row durably.",
        mixinStandardHelpOptions = true)
final class EnqueueBench implements Callable<Integer> {
    @Option(names = "--connections", defaultValue = "32", description = "of each side (default ${DEFAULT-VALUE})")
    private int connections;

    @Option(names = "--rounds", defaultValue = "5", description = "each measures both sides (default ${DEFAULT-VALUE})")
    private int rounds;

    @Option(names = "--seconds", defaultValue = "6", description = "of each side of a round (default ${DEFAULT-VALUE})")
    private int seconds;

    @Option(
            names = "--warmup",
            defaultValue = "20",
            description = "seconds before the first round (default ${DEFAULT-VALUE})")
    private int warmup;

    @Option(names = "--models", description = "folder of bundles (default: the repository's)")
    private Path models;

    @Option(names = "--body", description = "the request (default ${DEFAULT-VALUE})")
    private String body = "{\"model\":\"fashion\",\"input\":{\"class\":\"sneaker\",\"seed\":7}}";

    private record Round(
            Latencies fsync, ClosedLoop.Outcome insert, ClosedLoop.Outcome submit, long resident, double processor) {
        double ratio() {
            return submit.rate() / insert.rate();
        }
    }

    @Override
    public Integer call() throws Exception {
        String machine = MachineFacts.line();
        try (Installation installation = Installation.start(models);
                ChildProcess api = installation.startApi()) {
            URI server = Installation.url(api);
            try (SubmitClient one = new SubmitClient(server, body)) {
                one.once();
            }
            SubmittedRow row = SubmittedRow.read(installation.database());
            submit(server, Duration.ofSeconds(warmup));
            insert(installation.database(), row, Duration.ofSeconds(Math.min(warmup, seconds)));

            List<Round> measured = new ArrayList<>();
            Table table = new Table(
                    "round",
                    "fsync p50 ms",
                    "fsync p99 ms",
                    "JDBC/s",
                    "JDBC p99 ms",
                    "API/s",
                    "API p50 ms",
                    "API p99 ms",
                    "ratio",
                    "API RSS MB",
                    "API cores");
            for (int number = 1; number <= rounds; number++) {
                Round round = round(installation, server, row, new ProcessFigures(api.pid()));
                measured.add(round);
                table.row(
                        number,
                        round.fsync.percentile(50),
                        round.fsync.percentile(99),
                        round.insert.rate(),
                        round.insert.latencies().percentile(99),
                        round.submit.rate(),
                        round.submit.latencies().percentile(50),
                        round.submit.latencies().percentile(99),
                        round.ratio(),
                        round.resident / 1e6,
                        round.processor);
            }
            print(machine, table, measured, new ProcessFigures(api.pid()).residentPeak());
        }
        return 0;
    }

    private Round round(Installation installation, URI server, SubmittedRow row, ProcessFigures api) throws Exception {
        Latencies fsync = FsyncProbe.run(installation.folder());
        empty(installation.database());
        ClosedLoop.Outcome insert = insert(installation.database(), row, Duration.ofSeconds(seconds));
        empty(installation.database());
        double before = api.processorSeconds();
        ClosedLoop.Outcome submit = submit(server, Duration.ofSeconds(seconds));
        return new Round(fsync, insert, submit, api.resident(), (api.processorSeconds() - before) / seconds);
    }

    private ClosedLoop.Outcome submit(URI server, Duration duration) throws Exception {
        return ClosedLoop.run(connections, duration, () -> new SubmitClient(server, body));
    }

    private ClosedLoop.Outcome insert(DatabaseSettings database, SubmittedRow row, Duration duration) throws Exception {
        return ClosedLoop.run(connections, duration, () -> new InsertClient(database, row));
    }

    /** Both sides begin with an empty table. */
    private static void empty(DatabaseSettings database) throws SQLException {
        try (Connection connection = DriverManager.getConnection(database.url(), database.user(), database.password());
                Statement statement = connection.createStatement()) {
            statement.execute("TRUNCATE job CASCADE");
        }
    }

    private void print(String machine, Table table, List<Round> measured, long peak) {
        System.out.printf(
                "%n`./safelight bench enqueue`: %d connections, %d rounds of %d s a side, no worker. %s.%n%n%s%n",
                connections, rounds, seconds, machine, table);
        System.out.println(new Table("", "median (lowest to highest)", "bar")
                .row("API/s ÷ JDBC/s", spread(measured, Round::ratio).text(2), "≥ 0.5")
                .row(
                        "API p50 ms",
                        spread(measured, round -> round.submit.latencies().percentile(50))
                                .text(2),
                        "")
                .row(
                        "API p99 ms",
                        spread(measured, round -> round.submit.latencies().percentile(99))
                                .text(2),
                        "")
                .row("API RSS MB, highest", peak / 1e6, "≤ 300"));
    }

    private static Spread spread(List<Round> rounds, Function<Round, Double> value) {
        return Spread.of(rounds.stream().map(value).toList());
    }
}
