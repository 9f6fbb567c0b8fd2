package dev.safelight.api.events;

import dev.safelight.common.config.KafkaSettings;
import dev.safelight.common.event.CancelRequested;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.wire.Json;
import dev.safelight.common.wire.Topics;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells the workers at once that a client wants a job canceled. The row says it too: what is lost here comes with the next beat. */
public final class CancelNotices implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CancelNotices.class);

    private final KafkaProducer<byte[], byte[]> producer;
    /** A send blocks while Kafka is away, and no client is to wait for a hint. */
    private final ExecutorService senders = Executors.newVirtualThreadPerTaskExecutor();

    public CancelNotices(KafkaSettings settings) {
        producer = new KafkaProducer<>(
                Map.of(
                        ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, settings.bootstrapServers(),
                        ProducerConfig.ACKS_CONFIG, "1",
                        ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, false,
                        ProducerConfig.BUFFER_MEMORY_CONFIG, 1 << 20,
                        ProducerConfig.MAX_BLOCK_MS_CONFIG, 2_000,
                        ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 2_000,
                        ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 5_000,
                        ProducerConfig.LINGER_MS_CONFIG, 0,
                        ProducerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 1_000),
                new ByteArraySerializer(),
                new ByteArraySerializer());
    }

    /** Returns at once. */
    public void tell(JobKey job) {
        byte[] notice =
                Json.write(new CancelRequested(job.tenantId(), job.jobId())).getBytes(StandardCharsets.UTF_8);
        senders.execute(() -> {
            try {
                producer.send(new ProducerRecord<>(Topics.CONTROL, notice), (sent, failure) -> {
                    if (failure != null) {
                        LOG.debug("a cancel reaches its worker with the next beat: {}", failure.getMessage());
                    }
                });
            } catch (KafkaException e) {
                LOG.debug("a cancel reaches its worker with the next beat: {}", e.getMessage());
            }
        });
    }

    @Override
    public void close() {
        senders.shutdown();
        producer.close(Duration.ofSeconds(1));
    }
}
