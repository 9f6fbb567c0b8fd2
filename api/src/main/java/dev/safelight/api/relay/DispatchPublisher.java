package dev.safelight.api.relay;

import dev.safelight.api.relay.ReleasePlan.Release;
import dev.safelight.common.config.KafkaSettings;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.trace.Traced;
import dev.safelight.common.trace.Tracing;
import dev.safelight.common.wire.DispatchRecord;
import dev.safelight.common.wire.Json;
import dev.safelight.common.wire.TopicAdmin;
import dev.safelight.common.wire.Topics;
import io.opentelemetry.api.trace.SpanKind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.StringSerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings releases to Kafka. Used by one thread. After any failure it starts over with a new producer and looks after the
 * topics first, so that a Kafka that lost its disk is like a new one.
 */
final class DispatchPublisher implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DispatchPublisher.class);
    private static final int REQUEST_MILLIS = 2_000;
    private static final int DELIVERY_MILLIS = 4_000;

    private final KafkaSettings settings;
    private final Set<String> readyQueues = new HashSet<>();
    private TopicAdmin topics;
    private KafkaProducer<String, String> producer;

    DispatchPublisher(KafkaSettings settings) {
        this.settings = settings;
    }

    /** Whether a record for the queue could be published now, as far as can be told; costs nothing when all is well. */
    boolean ready(String queue) {
        if (producer != null && readyQueues.contains(queue)) {
            return true;
        }
        try {
            if (topics == null) {
                topics = new TopicAdmin(settings);
            }
            topics.ensure(List.of(queue));
            if (producer == null) {
                producer = new KafkaProducer<>(configuration(), new StringSerializer(), new StringSerializer());
            }
            // The first send would otherwise wait for it while jobs are already marked as released.
            producer.partitionsFor(Topics.dispatch(queue, Topics.Lane.REGULAR));
            producer.partitionsFor(Topics.dispatch(queue, Topics.Lane.EXPRESS));
            readyQueues.add(queue);
            return true;
        } catch (KafkaException e) {
            LOG.warn("Kafka cannot take jobs of queue {}: {}", queue, e.getMessage());
            startOver();
            return false;
        }
    }

    /** @return the releases that did not reach Kafka */
    List<Release> publish(String queue, List<Release> releases) {
        List<Future<?>> sent = new ArrayList<>(releases.size());
        List<Traced> spans = new ArrayList<>(releases.size());
        List<Release> failed = new ArrayList<>();
        for (Release release : releases) {
            JobKey job = release.candidate().job();
            String topic = Topics.dispatch(queue, release.lane());
            Traced span = Tracing.start(
                            "publish " + topic,
                            SpanKind.PRODUCER,
                            release.candidate().traceparent())
                    .with("messaging.system", "kafka")
                    .with("messaging.destination.name", topic)
                    .with("safelight.job_id", job.jobId().toString());
            spans.add(span);
            String value = Json.write(new DispatchRecord(job.tenantId(), job.jobId(), span.traceparent()));
            try {
                sent.add(producer.send(new ProducerRecord<>(topic, value)));
            } catch (KafkaException e) {
                sent.add(java.util.concurrent.CompletableFuture.failedFuture(e));
            }
        }
        for (int i = 0; i < sent.size(); i++) {
            try {
                sent.get(i).get();
            } catch (ExecutionException e) {
                if (failed.isEmpty()) {
                    LOG.warn(
                            "Kafka did not take a job of queue {}: {}",
                            queue,
                            e.getCause().getMessage());
                }
                spans.get(i).failed("Kafka did not take it");
                failed.add(releases.get(i));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                failed.addAll(releases.subList(i, releases.size()));
                break;
            }
        }
        spans.forEach(Traced::end);
        if (!failed.isEmpty()) {
            startOver();
        }
        return failed;
    }

    @Override
    public void close() {
        startOver();
    }

    private void startOver() {
        readyQueues.clear();
        if (producer != null) {
            producer.close(Duration.ZERO);
            producer = null;
        }
        if (topics != null) {
            topics.close();
            topics = null;
        }
    }

    private Map<String, Object> configuration() {
        return Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                settings.bootstrapServers(),
                ProducerConfig.ACKS_CONFIG,
                "all",
                ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG,
                true,
                ProducerConfig.LINGER_MS_CONFIG,
                1,
                ProducerConfig.MAX_BLOCK_MS_CONFIG,
                REQUEST_MILLIS,
                ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG,
                REQUEST_MILLIS,
                ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG,
                DELIVERY_MILLIS,
                ProducerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG,
                500,
                // Half a million ids would fit: more than the relay ever has in flight.
                ProducerConfig.BUFFER_MEMORY_CONFIG,
                8L << 20);
    }
}
