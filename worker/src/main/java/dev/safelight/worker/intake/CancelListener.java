package dev.safelight.worker.intake;

import dev.safelight.common.config.KafkaSettings;
import dev.safelight.common.event.CancelRequested;
import dev.safelight.common.wire.Json;
import dev.safelight.common.wire.Topics;
import dev.safelight.worker.lease.Leases;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hears of cancels within milliseconds. Every worker reads every record from now on, without a group; a record that gets
 * lost costs at most a beat, which says the same.
 */
final class CancelListener implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CancelListener.class);
    private static final Duration POLL = Duration.ofSeconds(1);

    private final KafkaSettings settings;
    private final Leases leases;
    private final TopicWatch watch;
    private final Thread thread;
    private volatile KafkaConsumer<String, String> consumer;
    private volatile boolean closed;

    CancelListener(KafkaSettings settings, Leases leases, TopicWatch watch) {
        this.settings = settings;
        this.leases = leases;
        this.watch = watch;
        this.thread = Thread.ofPlatform().name("cancel-listener").daemon().unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    private void run() {
        while (!closed) {
            int generation = watch.generation();
            try {
                if (generation == 0) {
                    Thread.sleep(Duration.ofMillis(20));
                    continue;
                }
                try (KafkaConsumer<String, String> opened =
                        new KafkaConsumer<>(configuration(), new StringDeserializer(), new StringDeserializer())) {
                    consumer = opened;
                    listen(opened, generation);
                }
            } catch (KafkaException e) {
                if (!closed) {
                    LOG.warn("the cancel listener starts over: {}", e.toString());
                }
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private void listen(KafkaConsumer<String, String> opened, int generation) {
        List<TopicPartition> partitions = opened.partitionsFor(Topics.CONTROL).stream()
                .map(partition -> new TopicPartition(partition.topic(), partition.partition()))
                .toList();
        opened.assign(partitions);
        opened.seekToEnd(partitions);
        while (!closed && watch.generation() == generation) {
            for (ConsumerRecord<String, String> record : opened.poll(POLL)) {
                try {
                    leases.cancel(
                            Json.read(record.value(), CancelRequested.class).key());
                } catch (UncheckedIOException | NullPointerException e) {
                    LOG.warn("not a cancel at {}@{}", record.topic(), record.offset());
                }
            }
        }
    }

    private Map<String, Object> configuration() {
        return Map.of(
                ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
                settings.bootstrapServers(),
                ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG,
                false,
                ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
                "latest",
                ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG,
                false,
                ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG,
                2_000,
                ConsumerConfig.REQUEST_TIMEOUT_MS_CONFIG,
                2_000,
                ConsumerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG,
                500);
    }

    @Override
    public void close() {
        closed = true;
        KafkaConsumer<String, String> opened = consumer;
        if (opened != null) {
            opened.wakeup();
        }
    }
}
