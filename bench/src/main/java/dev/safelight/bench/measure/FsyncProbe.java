package dev.safelight.bench.measure;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * How long the disk takes to make one page durable. Printed beside each round, because it swings by an order of magnitude
 * on shared machines and decides what a durable insert can reach.
 */
public final class FsyncProbe {
    private static final int WRITES = 40;
    private static final int PAGE = 8192;

    private FsyncProbe() {}

    /** Appends pages to a file of this folder and forces each. */
    public static Latencies run(Path folder) throws IOException {
        Path file = Files.createTempFile(folder, "fsync", ".probe");
        Latencies latencies = new Latencies();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            for (int write = 0; write < WRITES; write++) {
                long start = System.nanoTime();
                channel.write(ByteBuffer.allocate(PAGE));
                channel.force(false);
                latencies.add(System.nanoTime() - start);
            }
        } finally {
            Files.delete(file);
        }
        return latencies;
    }
}
