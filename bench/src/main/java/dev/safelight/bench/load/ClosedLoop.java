package dev.safelight.bench.load;

import dev.safelight.bench.measure.Latencies;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Some clients that each do one thing after the other, for a while. */
public final class ClosedLoop {
    private ClosedLoop() {}

    /** One client's connection. */
    public interface Client extends AutoCloseable {
        void once() throws Exception;

        @Override
        void close() throws IOException, SQLException;
    }

    /** @param rate completed each second */
    public record Outcome(double rate, Latencies latencies) {}

    public static Outcome run(int clients, Duration duration, Callable<? extends Client> newClient) throws Exception {
        List<Client> open = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(clients)) {
            for (int client = 0; client < clients; client++) {
                open.add(newClient.call());
            }
            long start = System.nanoTime();
            long end = start + duration.toNanos();
            List<Future<Latencies>> running = new ArrayList<>();
            for (Client client : open) {
                running.add(threads.submit(() -> repeat(client, end)));
            }
            Latencies all = new Latencies();
            for (Future<Latencies> one : running) {
                all.addAll(one.get());
            }
            return new Outcome(all.count() / ((System.nanoTime() - start) / 1e9), all);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        } finally {
            for (Client client : open) {
                client.close();
            }
        }
    }

    private static Latencies repeat(Client client, long end) throws Exception {
        Latencies latencies = new Latencies();
        long now = System.nanoTime();
        while (now < end) {
            client.once();
            long then = System.nanoTime();
            latencies.add(then - now);
            now = then;
        }
        return latencies;
    }
}
