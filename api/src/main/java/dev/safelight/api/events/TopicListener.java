package dev.safelight.api.events;

import dev.safelight.common.config.KafkaSettings;
import dev.safelight.common.event.PreviewShown;
import dev.safelight.common.event.Signal;
import dev.safelight.common.wire.Json;
import dev.safelight.common.wire.Topics;
import java.io.IOException;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads a topic of hints, all of it, from now on. Belongs to no group: every API process hears everything. While Kafka is
 * away nothing is heard, and nothing else suffers.
 */
public final class TopicListener implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TopicListener.class);
    private static final Duration PATIENCE = Duration.ofSeconds(2);
    /** Partitions may be added, and a Kafka that lost its disk has the topic anew. */
    private static final Duration REASSIGN = Duration.ofSeconds(30);

    private final KafkaSettings settings;
    private final String topic;
    private final RecordReader records;
    private final Thread thread;
    private volatile KafkaConsumer<byte[], byte[]> consumer;
    private volatile boolean connected;
    private final CountDownLatch closing = new CountDownLatch(1);

    /** Takes in one record. */
    @FunctionalInterface
    public interface RecordReader {
        /** @throws IOException when it cannot be read; it is passed over then */
        void read(byte[] value) throws IOException;
    }

    /**
     * @param name of the thread
     * @param records told of every record, in the order of its partition; must be quick
     */
    public TopicListener(KafkaSettings settings, String topic, String name, RecordReader records) {
        this.settings = settings;
        this.topic = topic;
        this.records = records;
        this.thread = Thread.ofPlatform().name(name).daemon().unstarted(this::run);
    }

    /** Of what workers signal. @param entries told of every entry; must not throw */
    public static TopicListener ofSignals(KafkaSettings settings, Consumer<Signal.Entry> entries) {
        return new TopicListener(
                settings,
                Topics.SIGNALS,
                "signals",
                value -> Json.MAPPER.readValue(value, Signal.class).entries().forEach(entries));
    }

    /** Of what running jobs look like. */
    public static TopicListener ofPreviews(KafkaSettings settings, Consumer<PreviewShown> previews) {
        return new TopicListener(
                settings,
                Topics.PREVIEWS,
                "previews",
                value -> previews.accept(Json.MAPPER.readValue(value, PreviewShown.class)));
    }

    public void start() {
        thread.start();
    }

    /** Whether a broker has answered within the last seconds. A connection that is still being tried is no answer. */
    public boolean connected() {
        return connected;
    }

    @Override
    public void close() {
        closing.countDown();
        KafkaConsumer<byte[], byte[]> current = consumer;
        if (current != null) {
            current.wakeup();
        }
        if (thread.getState() == Thread.State.NEW) {
            return;
        }
        try {
            thread.join(Duration.ofSeconds(3));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        while (closing.getCount() > 0) {
            try (KafkaConsumer<byte[], byte[]> fresh = open()) {
                consumer = fresh;
                listen(fresh);
            } catch (WakeupException | InterruptException e) {
                // Closing.
            } catch (KafkaException e) {
                LOG.debug("{}: {}", topic, e.getMessage());
                pause();
            } finally {
                consumer = null;
                connected = false;
            }
        }
    }

    private void listen(KafkaConsumer<byte[], byte[]> from) {
        List<TopicPartition> assigned = List.of();
        Metric replies = replies(from);
        long assignAgainAt = System.nanoTime();
        while (closing.getCount() > 0) {
            if (System.nanoTime() - assignAgainAt >= 0) {
                List<TopicPartition> now = partitions(from);
                if (!now.equals(assigned)) {
                    from.assign(now);
                    from.seekToEnd(now);
                    assigned = now;
                }
                assignAgainAt = System.nanoTime() + (now.isEmpty() ? PATIENCE : REASSIGN).toNanos();
            }
            if (assigned.isEmpty()) {
                // The broker has said so.
                connected = true;
                pause();
                continue;
            }
            Object before = replies.metricValue();
            ConsumerRecords<byte[], byte[]> polled = from.poll(PATIENCE);
            // A broker that has nothing to tell says so more often than the patience ends.
            connected = !polled.isEmpty() || !replies.metricValue().equals(before);
            for (ConsumerRecord<byte[], byte[]> signalled : polled) {
                take(signalled.value());
            }
        }
    }

    /** How many replies the consumer has had from any broker. */
    private static Metric replies(KafkaConsumer<byte[], byte[]> from) {
        return from.metrics().values().stream()
                .filter(metric -> metric.metricName().name().equals("response-total")
                        && metric.metricName().group().equals("consumer-metrics"))
                .findFirst()
                .orElseThrow();
    }

    private void take(byte[] value) {
        try {
            records.read(value);
        } catch (IOException | RuntimeException e) {
            LOG.warn("a record of {} cannot be read: {}", topic, e.getMessage());
        }
    }

    private List<TopicPartition> partitions(KafkaConsumer<byte[], byte[]> from) {
        List<PartitionInfo> known = from.partitionsFor(topic, PATIENCE);
        return known == null
                ? List.of()
                : known.stream()
                        .map(partition -> new TopicPartition(partition.topic(), partition.partition()))
                        .sorted(Comparator.comparing(TopicPartition::partition))
                        .toList();
    }

    private KafkaConsumer<byte[], byte[]> open() {
        return new KafkaConsumer<>(
                Map.of(
                        ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
                        settings.bootstrapServers(),
                        ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
                        "latest",
                        ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG,
                        false,
                        ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG,
                        false,
                        ConsumerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG,
                        1000,
                        ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG,
                        500,
                        // What one reply may hold in memory.
                        ConsumerConfig.FETCH_MAX_BYTES_CONFIG,
                        4 << 20),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
    }

    private void pause() {
        try {
            closing.await(500, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            closing.countDown();
        }
    }
}
