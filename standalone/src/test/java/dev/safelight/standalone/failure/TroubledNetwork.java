package dev.safelight.standalone.failure;

import dev.safelight.worker.WorkerProcess.Equipment;
import dev.safelight.worker.attempt.Models;
import dev.safelight.worker.batch.Conditioning;
import dev.safelight.worker.batch.Network;
import dev.safelight.worker.batch.Row;
import dev.safelight.worker.generate.Model;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/** A real network that is as slow as a large one, and that kills its process, or loses its device, when it meets the class it cannot stand. */
final class TroubledNetwork implements Network {
    static final int DIED_OF_POISON = 86;

    private final Network network;
    private final Trouble trouble;
    private volatile boolean lost;
    private final AtomicLong calls = new AtomicLong();

    /**
     * @param callMillis added to each call
     * @param poison index of the class that kills the process; -1 for none
     * @param lost whether instead every call fails from then on
     * @param rowLog a file that grows by a byte for each row, whatever becomes of the process; empty for none
     */
    record Trouble(int callMillis, int poison, boolean lost, String rowLog) {
        static Trouble read(Map<String, String> environment) {
            return new Trouble(
                    Integer.parseInt(environment.getOrDefault("TEST_CALL_MILLIS", "0")),
                    Integer.parseInt(environment.getOrDefault("TEST_POISON", "-1")),
                    environment.containsKey("TEST_LOST"),
                    environment.getOrDefault("TEST_ROW_LOG", ""));
        }
    }

    TroubledNetwork(Network network, Trouble trouble) {
        this.network = network;
        this.trouble = trouble;
    }

    static Equipment wrap(Equipment equipment, Trouble trouble) {
        List<Model> wrapped = equipment.models().all().stream()
                .map(model -> wrap(model, new TroubledNetwork(model.group().network(), trouble)))
                .toList();
        return new Equipment(equipment.device(), new Models(wrapped), equipment.engine());
    }

    static Model wrap(Model model, Network network) {
        return model.with(network);
    }

    @Override
    public int maxRows() {
        return network.maxRows();
    }

    @Override
    public List<float[]> run(List<Row> rows) {
        calls.incrementAndGet();
        for (Row row : rows) {
            if (row.conditioning() instanceof Conditioning.ClassIndex(int index) && index == trouble.poison()) {
                lost = trouble.lost();
                if (!lost) {
                    Runtime.getRuntime().halt(DIED_OF_POISON);
                }
            }
        }
        if (lost) {
            throw new IllegalStateException("an illegal memory access was encountered");
        }
        linger();
        List<float[]> outputs = network.run(rows);
        if (!trouble.rowLog().isEmpty()) {
            log(rows.size());
        }
        return outputs;
    }

    /** For all of the time: a wake-up that was meant for another wait of this thread ends a single park early. */
    private void linger() {
        long end = System.nanoTime() + trouble.callMillis() * 1_000_000L;
        for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    private void log(int rows) {
        try {
            Files.write(
                    Path.of(trouble.rowLog()), new byte[rows], StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    long calls() {
        return calls.get();
    }
}
