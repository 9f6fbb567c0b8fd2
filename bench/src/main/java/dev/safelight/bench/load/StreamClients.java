package dev.safelight.bench.load;

import dev.safelight.bench.measure.Latencies;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Thousands of clients that follow jobs, on one thread: they must not cost what they measure. */
public final class StreamClients implements AutoCloseable {
    private static final byte[] EVENT = "event: ".getBytes(StandardCharsets.US_ASCII);

    private final Selector selector = Selector.open();
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 16);
    private final Thread thread = new Thread(this::read, "stream-clients");
    private final AtomicInteger lost = new AtomicInteger();
    private int opened;
    private Round round = new Round(0);

    /** One event on its way to everybody. */
    private static final class Round {
        private long start = System.nanoTime();
        private final Latencies latencies = new Latencies();
        private final int expected;

        Round(int expected) {
            this.expected = expected;
        }
    }

    /** One client. */
    private static final class Client {
        private Round seen;
    }

    public StreamClients() throws IOException {
        thread.setDaemon(true);
        thread.start();
    }

    /** Opens a stream for each path, and returns when the first event of each has come. */
    public void open(URI server, List<String> paths) throws IOException, InterruptedException {
        begin(paths.size());
        for (String path : paths) {
            SocketChannel channel = SocketChannel.open(new InetSocketAddress(server.getHost(), server.getPort()));
            channel.write(StandardCharsets.US_ASCII.encode(
                    "GET " + path + " HTTP/1.1\r\nHost: " + server.getAuthority() + "\r\n\r\n"));
            channel.configureBlocking(false);
            selector.wakeup();
            channel.register(selector, SelectionKey.OP_READ, new Client());
            opened++;
        }
        await(Duration.ofSeconds(60));
    }

    /** From now on the next event of each stream counts. */
    public void begin() {
        begin(opened);
    }

    /** It happened just now: times count from here. */
    public synchronized void happened() {
        round.start = System.nanoTime();
    }

    private synchronized void begin(int expected) {
        round = new Round(expected);
    }

    /** @return how long the event took to each, from {@link #begin} on */
    public synchronized Latencies await(Duration patience) throws InterruptedException, IOException {
        long end = System.nanoTime() + patience.toNanos();
        while (round.latencies.count() < round.expected) {
            long left = (end - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                throw new IOException("an event reached " + round.latencies.count() + " of " + round.expected
                        + " streams within " + patience + "; " + lost + " were closed");
            }
            wait(left);
        }
        return round.latencies;
    }

    /** Streams that the server closed. */
    public int lost() {
        return lost.get();
    }

    private void read() {
        try {
            while (selector.isOpen()) {
                // Whoever registers a channel waits for a selection to be over.
                selector.select(this::read, 50);
            }
        } catch (ClosedSelectorException e) {
            // Closed while it waited.
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private void read(SelectionKey key) {
        buffer.clear();
        int count;
        try {
            count = ((SocketChannel) key.channel()).read(buffer);
        } catch (IOException e) {
            count = -1;
        }
        if (count < 0) {
            lost.incrementAndGet();
            key.cancel();
            return;
        }
        if (holdsAnEvent()) {
            note((Client) key.attachment());
        }
    }

    private synchronized void note(Client client) {
        if (client.seen != round) {
            client.seen = round;
            round.latencies.add(Math.max(0, System.nanoTime() - round.start));
            if (round.latencies.count() >= round.expected) {
                notifyAll();
            }
        }
    }

    private boolean holdsAnEvent() {
        int last = buffer.position() - EVENT.length;
        for (int at = 0; at <= last; at++) {
            int matched = 0;
            while (matched < EVENT.length && buffer.get(at + matched) == EVENT[matched]) {
                matched++;
            }
            if (matched == EVENT.length) {
                return true;
            }
        }
        return false;
    }

    /** Closes all streams from this side. */
    public void hangUp() throws IOException {
        for (SelectionKey key : selector.keys()) {
            key.channel().close();
        }
    }

    @Override
    public void close() throws IOException {
        hangUp();
        selector.close();
    }
}
