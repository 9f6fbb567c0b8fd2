package dev.safelight.worker.preview;

import dev.safelight.common.config.KafkaSettings;
import dev.safelight.common.event.PreviewShown;
import dev.safelight.common.wire.Json;
import dev.safelight.common.wire.Topics;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Shows previews to the API processes over Kafka. What cannot be sent is dropped: the next one is better anyway. */
public final class PreviewSender implements Consumer<PreviewShown>, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PreviewSender.class);

    private final KafkaSettings settings;
    /** Made for the first preview: a worker that nobody asks for one pays nothing. */
    private KafkaProducer<String, byte[]> producer;

    public PreviewSender(KafkaSettings settings) {
        this.settings = settings;
    }

    @Override
    public synchronized void accept(PreviewShown preview) {
        try {
            if (producer == null) {
                producer = new KafkaProducer<>(configuration(), new StringSerializer(), new ByteArraySerializer());
            }
            byte[] value = Json.write(preview).getBytes(StandardCharsets.UTF_8);
            producer.send(new ProducerRecord<>(Topics.PREVIEWS, preview.jobId().toString(), value));
        } catch (KafkaException e) {
            LOG.debug("a preview is dropped: {}", e.getMessage());
        }
    }

    private Map<String, Object> configuration() {
        return Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, settings.bootstrapServers(),
                ProducerConfig.ACKS_CONFIG, "1",
                ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, false,
                ProducerConfig.RETRIES_CONFIG, 0,
                ProducerConfig.MAX_BLOCK_MS_CONFIG, 500,
                ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 1_000,
                ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 1_000,
                ProducerConfig.LINGER_MS_CONFIG, 0,
                ProducerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 500,
                ProducerConfig.BUFFER_MEMORY_CONFIG, 4L << 20);
    }

    @Override
    public synchronized void close() {
        if (producer != null) {
            producer.close(Duration.ofSeconds(1));
        }
    }
}
