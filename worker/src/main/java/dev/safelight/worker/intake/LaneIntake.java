package dev.safelight.worker.intake;

import dev.safelight.common.config.KafkaSettings;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.wire.DispatchRecord;
import dev.safelight.common.wire.Json;
import dev.safelight.common.wire.Topics;
import dev.safelight.common.wire.Topics.Lane;
import dev.safelight.worker.lease.Leases;
import dev.safelight.worker.store.ClaimedJob;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads one lane of the worker's queues while there is room, claims what it read and hands it on. A record is accepted
 * once Postgres has decided about its job, whatever it decided; retries come back through Postgres, never through Kafka.
 */
final class LaneIntake implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LaneIntake.class);
    private static final Duration POLL = Duration.ofSeconds(1);
    /** Long enough to send the last acknowledgements; a Kafka that is away does not hold up the worker. */
    private static final Duration GOODBYE = Duration.ofSeconds(1);

    private static final Duration AFTER_FAILURE = Duration.ofMillis(500);

    private final Lane lane;
    private final KafkaSettings settings;
    private final List<String> topics;
    private final int mostRecords;
    private final Room room;
    private final Leases leases;
    private final ClaimDesk desk;
    private final TopicWatch watch;
    private final Consumer<ClaimedJob> claimed;
    private final Thread thread;
    private volatile KafkaShareConsumer<String, String> consumer;
    private volatile boolean closed;

    LaneIntake(
            Lane lane,
            KafkaSettings settings,
            List<String> queues,
            int mostRecords,
            Room room,
            Leases leases,
            ClaimDesk desk,
            TopicWatch watch,
            Consumer<ClaimedJob> claimed) {
        this.lane = lane;
        this.settings = settings;
        this.topics = queues.stream().map(queue -> Topics.dispatch(queue, lane)).toList();
        this.mostRecords = mostRecords;
        this.room = room;
        this.leases = leases;
        this.desk = desk;
        this.watch = watch;
        this.claimed = claimed;
        this.thread = Thread.ofPlatform()
                .name("intake-" + lane.name().toLowerCase(java.util.Locale.ROOT))
                .daemon()
                .unstarted(this::run);
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
                KafkaShareConsumer<String, String> opened = open();
                consumer = opened;
                try {
                    while (!closed && watch.generation() == generation) {
                        pollOnce(opened);
                    }
                } finally {
                    opened.close(GOODBYE);
                }
            } catch (InterruptedException e) {
                return;
            } catch (KafkaException e) {
                if (closed) {
                    return;
                }
                LOG.warn("the {} lane starts over: {}", lane, e.toString());
                if (!pause(AFTER_FAILURE)) {
                    return;
                }
            }
        }
    }

    private void pollOnce(KafkaShareConsumer<String, String> opened) throws InterruptedException {
        if (!leases.healthy()) {
            Thread.sleep(AFTER_FAILURE);
            return;
        }
        if (!room.await(lane, POLL)) {
            return;
        }
        ConsumerRecords<String, String> records = opened.poll(POLL);
        if (records.isEmpty()) {
            return;
        }
        Map<JobKey, DispatchRecord> jobs = new LinkedHashMap<>();
        for (ConsumerRecord<String, String> record : records) {
            read(record, jobs);
        }
        if (!jobs.isEmpty()) {
            for (ClaimedJob job : desk.claim(jobs.keySet(), () -> closed)) {
                claimed.accept(job.tracedAfter(jobs.get(job.fence().job()).traceparent()));
            }
        }
        for (ConsumerRecord<String, String> record : records) {
            opened.acknowledge(record, AcknowledgeType.ACCEPT);
        }
        // The next poll may be long in coming.
        opened.commitAsync();
    }

    private static void read(ConsumerRecord<String, String> record, Map<JobKey, DispatchRecord> jobs) {
        try {
            DispatchRecord dispatched = Json.read(record.value(), DispatchRecord.class);
            jobs.put(dispatched.key(), dispatched);
        } catch (UncheckedIOException | NullPointerException e) {
            LOG.warn("not a dispatch record at {}-{}@{}", record.topic(), record.partition(), record.offset());
        }
    }

    private KafkaShareConsumer<String, String> open() {
        KafkaShareConsumer<String, String> opened = new KafkaShareConsumer<>(
                Map.of(
                        ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
                        settings.bootstrapServers(),
                        ConsumerConfig.GROUP_ID_CONFIG,
                        Topics.SHARE_GROUP,
                        ConsumerConfig.SHARE_ACKNOWLEDGEMENT_MODE_CONFIG,
                        "explicit",
                        ConsumerConfig.SHARE_ACQUIRE_MODE_CONFIG,
                        "record_limit",
                        ConsumerConfig.MAX_POLL_RECORDS_CONFIG,
                        mostRecords,
                        // A worker without room does not poll, for as long as its jobs take.
                        ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG,
                        Integer.MAX_VALUE,
                        ConsumerConfig.METADATA_MAX_AGE_CONFIG,
                        5_000,
                        ConsumerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG,
                        500),
                new StringDeserializer(),
                new StringDeserializer());
        opened.subscribe(topics);
        return opened;
    }

    private static boolean pause(Duration duration) {
        try {
            Thread.sleep(duration);
            return true;
        } catch (InterruptedException e) {
            return false;
        }
    }

    @Override
    public void close() {
        closed = true;
        KafkaShareConsumer<String, String> opened = consumer;
        if (opened != null) {
            opened.wakeup();
        }
        try {
            thread.join(Duration.ofSeconds(3));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
