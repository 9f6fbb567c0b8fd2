package dev.safelight.common.wire;

import dev.safelight.common.config.KafkaSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.TopicExistsException;

/**
 * Makes the topics and the share group what the rest expects, whoever comes first and again after Kafka lost its disk.
 * All calls give up after a few seconds with a {@link KafkaException}.
 */
public final class TopicAdmin implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    /** Records are hints or are released again; none is of use for longer. */
    private static final String RETENTION = Long.toString(Duration.ofHours(1).toMillis());

    private final Admin admin;
    private final KafkaSettings settings;

    public TopicAdmin(KafkaSettings settings) {
        this.settings = settings;
        this.admin = Admin.create(Map.of(
                AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG,
                settings.bootstrapServers(),
                AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG,
                (int) PATIENCE.toMillis(),
                AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG,
                (int) PATIENCE.toMillis(),
                AdminClientConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG,
                500));
    }

    /** Previews are larger than all other records together, and of use for less than a second. */
    private static final Map<String, String> PREVIEWS_KEPT = Map.of(
            TopicConfig.RETENTION_MS_CONFIG, Long.toString(Duration.ofMinutes(1).toMillis()),
            TopicConfig.RETENTION_BYTES_CONFIG, Integer.toString(64 << 20),
            TopicConfig.SEGMENT_BYTES_CONFIG, Integer.toString(16 << 20),
            TopicConfig.FILE_DELETE_DELAY_MS_CONFIG, "1000");

    /** Both lanes of each queue, and the topics of hints. */
    public static List<String> topics(Collection<String> queues) {
        List<String> topics = new ArrayList<>(List.of(Topics.SIGNALS, Topics.PREVIEWS, Topics.CONTROL));
        for (String queue : queues) {
            for (Topics.Lane lane : Topics.Lane.values()) {
                topics.add(Topics.dispatch(queue, lane));
            }
        }
        return topics;
    }

    /** Creates what is missing, and lets a new share group begin with the oldest record instead of the next one. */
    public void ensure(Collection<String> queues) {
        List<NewTopic> topics = topics(queues).stream()
                .map(name -> new NewTopic(name, settings.partitions(), settings.replication())
                        .configs(
                                name.equals(Topics.PREVIEWS)
                                        ? PREVIEWS_KEPT
                                        : Map.of(TopicConfig.RETENTION_MS_CONFIG, RETENTION)))
                .toList();
        admin.createTopics(topics).values().values().forEach(created -> await(created, true));
        ConfigResource group = new ConfigResource(ConfigResource.Type.GROUP, Topics.SHARE_GROUP);
        AlterConfigOp earliest =
                new AlterConfigOp(new ConfigEntry("share.auto.offset.reset", "earliest"), AlterConfigOp.OpType.SET);
        await(admin.incrementalAlterConfigs(Map.of(group, List.of(earliest))).all(), false);
    }

    /** The ids of the topics: other ids than before mean that Kafka lost its disk and the topics are new. */
    public Map<String, Uuid> ids(Collection<String> queues) {
        return await(admin.describeTopics(topics(queues)).allTopicNames(), false).entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, entry -> entry.getValue().topicId()));
    }

    @Override
    public void close() {
        admin.close(Duration.ofSeconds(1));
    }

    private static <T> T await(KafkaFuture<T> future, boolean mayExist) {
        try {
            return future.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            if (mayExist && e.getCause() instanceof TopicExistsException) {
                return null;
            }
            throw new KafkaException(e.getCause());
        } catch (TimeoutException e) {
            throw new org.apache.kafka.common.errors.TimeoutException("Kafka does not answer", e);
        } catch (InterruptedException e) {
            throw new org.apache.kafka.common.errors.InterruptException(e);
        }
    }
}
