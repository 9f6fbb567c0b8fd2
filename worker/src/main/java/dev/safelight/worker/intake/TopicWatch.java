package dev.safelight.worker.intake;

import dev.safelight.common.config.KafkaSettings;
import dev.safelight.common.wire.TopicAdmin;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Uuid;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks after the topics. A Kafka that was wiped has none, or has new ones under the old names; consumers of the old ones
 * must be thrown away, which {@link #generation()} tells them.
 */
public final class TopicWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TopicWatch.class);
    private static final Duration INTERVAL = Duration.ofSeconds(2);

    private final KafkaSettings settings;
    private final List<String> queues;
    private final Thread thread;
    private Map<String, Uuid> known = Map.of();
    private volatile int generation;
    private volatile boolean closed;

    public TopicWatch(KafkaSettings settings, List<String> queues) {
        this.settings = settings;
        this.queues = List.copyOf(queues);
        this.thread = Thread.ofVirtual().name("topic-watch").unstarted(this::run);
    }

    public void start() {
        thread.start();
    }

    /** Grows whenever the topics became others than before; 0 while Kafka was never reached. */
    public int generation() {
        return generation;
    }

    private void run() {
        boolean failing = false;
        while (!closed) {
            try (TopicAdmin topics = new TopicAdmin(settings)) {
                while (!closed) {
                    look(topics);
                    failing = false;
                    Thread.sleep(INTERVAL);
                }
            } catch (KafkaException e) {
                if (!failing && !closed) {
                    LOG.warn("Kafka is out of reach: {}", e.getMessage());
                }
                failing = true;
                if (!pauseAfterFailure()) {
                    return;
                }
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private void look(TopicAdmin topics) {
        if (known.isEmpty()) {
            topics.ensure(queues);
        }
        Map<String, Uuid> found;
        try {
            found = topics.ids(queues);
        } catch (KafkaException e) {
            // One is missing, or Kafka is away; the next call tells which.
            topics.ensure(queues);
            found = topics.ids(queues);
        }
        if (!found.equals(known)) {
            if (!known.isEmpty()) {
                LOG.warn("Kafka has new topics under the old names: it lost its data");
                topics.ensure(queues); // the share group's settings went with it
            }
            known = found;
            generation++;
        }
    }

    private static boolean pauseAfterFailure() {
        try {
            Thread.sleep(Duration.ofMillis(500));
            return true;
        } catch (InterruptedException e) {
            return false;
        }
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
    }
}
