package dev.safelight.worker.signal;

import dev.safelight.common.config.KafkaSettings;
import dev.safelight.common.event.Signal;
import dev.safelight.common.job.JobState;
import dev.safelight.common.wire.Json;
import dev.safelight.common.wire.Topics;
import dev.safelight.worker.lease.LeaseHolder;
import dev.safelight.worker.lease.Leases;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.StringSerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the API processes over Kafka where this worker's jobs stand: starts and ends as soon as the rate allows, progress
 * when there is nothing better to say. Hints only, so what cannot be sent is dropped.
 */
public final class Signals implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Signals.class);
    private static final Duration TICK = Duration.ofMillis(100);
    private static final Duration GOODBYE = Duration.ofSeconds(1);
    private static final int MOST_WAITING = 10_000;
    private static final int MOST_ENTRIES = 500;

    private final KafkaSettings settings;
    private final Leases leases;
    private final BlockingQueue<Signal.Entry> waiting = new LinkedBlockingQueue<>(MOST_WAITING);
    private final SendingRate rate = new SendingRate(10, 10);
    private final Thread thread;
    private volatile boolean closed;

    public Signals(KafkaSettings settings, Leases leases) {
        this.settings = settings;
        this.leases = leases;
        this.thread = Thread.ofPlatform().name("signals").daemon().unstarted(this::run);
    }

    public void start() {
        thread.start();
    }

    /** Something a client may be waiting for. Never blocks. */
    public void urgent(Signal.Entry entry) {
        waiting.offer(entry);
    }

    private void run() {
        while (!closed) {
            KafkaProducer<String, String> producer =
                    new KafkaProducer<>(configuration(), new StringSerializer(), new StringSerializer());
            try {
                send(producer);
            } catch (KafkaException e) {
                LOG.warn("signals start over: {}", e.toString());
                if (!pause(Duration.ofSeconds(1))) {
                    return;
                }
            } catch (InterruptedException e) {
                return;
            } finally {
                producer.close(closed ? GOODBYE : Duration.ZERO);
            }
        }
    }

    private void send(KafkaProducer<String, String> producer) throws InterruptedException {
        while (!closed || !waiting.isEmpty()) {
            Signal.Entry first = waiting.poll(TICK.toMillis(), TimeUnit.MILLISECONDS);
            List<Signal.Entry> entries = new ArrayList<>();
            if (first != null) {
                rate.await();
                entries.add(first);
                waiting.drainTo(entries, MOST_ENTRIES - 1);
            } else if (!closed && rate.spare()) {
                entries.addAll(progress());
            }
            if (!entries.isEmpty()) {
                rate.take();
                producer.send(new ProducerRecord<>(Topics.SIGNALS, Json.write(new Signal(entries))));
            }
        }
    }

    private List<Signal.Entry> progress() {
        return leases.moved().stream()
                .limit(MOST_ENTRIES)
                .map((LeaseHolder holder) -> holder.signal(JobState.RUNNING))
                .toList();
    }

    private Map<String, Object> configuration() {
        return Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                settings.bootstrapServers(),
                ProducerConfig.ACKS_CONFIG,
                "1",
                ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG,
                false,
                ProducerConfig.RETRIES_CONFIG,
                0,
                ProducerConfig.MAX_BLOCK_MS_CONFIG,
                1_000,
                ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG,
                1_000,
                ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG,
                2_000,
                ProducerConfig.LINGER_MS_CONFIG,
                0,
                ProducerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG,
                500,
                ProducerConfig.BUFFER_MEMORY_CONFIG,
                4L << 20);
    }

    private static boolean pause(Duration duration) {
        try {
            Thread.sleep(duration);
            return true;
        } catch (InterruptedException e) {
            return false;
        }
    }

    /** Sends what is waiting, within a second. */
    @Override
    public void close() {
        closed = true;
        try {
            if (!thread.join(Duration.ofSeconds(2))) {
                thread.interrupt();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
