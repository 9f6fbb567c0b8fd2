package dev.safelight.api.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.api.relay.ReleasePlan.Candidate;
import dev.safelight.api.relay.ReleasePlan.Release;
import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.common.config.KafkaSettings;
import dev.safelight.common.config.Settings;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.JobState;
import dev.safelight.common.job.Priority;
import dev.safelight.common.store.Database;
import dev.safelight.common.wire.DispatchRecord;
import dev.safelight.common.wire.Json;
import dev.safelight.common.wire.Topics;
import dev.safelight.common.wire.Topics.Lane;
import dev.safelight.embedded.testing.TestJobs;
import dev.safelight.embedded.testing.TestServers;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The relay on a real Postgres and a real Kafka; time passes by moving the rows' times. */
class RelayTest {
    private static final RelaySettings SETTINGS = RelaySettings.read(new Settings(Map.of()));

    private final String queue = "relay-" + UUID.randomUUID();
    private final KafkaSettings kafka = TestServers.kafka();
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private Database database;
    private TestJobs jobs;
    private Relay relay;

    @BeforeEach
    void open() {
        DatabaseSettings settings = TestServers.newDatabase();
        database = Database.open(settings, "test");
        jobs = new TestJobs(database, queue, "tiny", "v1");
        relay = relay(kafka);
    }

    @AfterEach
    void close() {
        relay.close();
        database.close();
    }

    @Test
    void withoutALiveWorkerNothingIsReleased() {
        jobs.queued("a", Priority.HIGH);
        UUID worker = jobs.worker(4, 8);
        sql("UPDATE worker SET beat_at = now() - interval '1 minute' WHERE worker_id = '" + worker + "'");
        assertThat(relay.runOnce()).isTrue();
        sql("UPDATE worker SET beat_at = now(), draining = true WHERE worker_id = '" + worker + "'");
        assertThat(relay.runOnce()).isTrue();
        assertThat(jobs.count("job", "released_at IS NOT NULL")).isZero();
    }

    @Test
    void theWindowIsFilledOnceWithTheMostUrgentAndOldestAndEachJobHasItsRecord() {
        List<JobKey> low = queued("a", Priority.LOW, 20);
        List<JobKey> high = queued("a", Priority.HIGH, 3);
        jobs.worker(4, 8);
        relay.runOnce();
        relay.runOnce();
        List<JobKey> expected = new ArrayList<>(high);
        expected.addAll(low.subList(0, 5));
        assertThat(records(Lane.REGULAR)).containsExactlyElementsOf(expected);
        assertThat(jobs.count("job", "released_at IS NOT NULL AND NOT express")).isEqualTo(8);

        // More urgent than what is in flight: it does not stand behind it.
        JobKey urgent = queued("b", Priority.NORMAL, 1).getFirst();
        relay.runOnce();
        assertThat(records(Lane.EXPRESS)).containsExactly(urgent);
        assertThat(jobs.row(urgent)).containsEntry("express", true);
    }

    @Test
    void whatRunsOnLiveWorkersCountsAndWhatDeadOnesHeldDoesNot() {
        UUID live = jobs.worker(2, 0);
        for (JobKey job : queued("a", Priority.LOW, 6)) {
            jobs.update(job, running(live));
        }
        queued("a", Priority.LOW, 5);
        relay.runOnce();
        assertThat(jobs.count("job", "released_at IS NOT NULL")).isZero();
        sql("UPDATE job SET owner = gen_random_uuid() WHERE state = 'running'");
        relay.runOnce();
        assertThat(jobs.count("job", "released_at IS NOT NULL")).isEqualTo(4);
    }

    @Test
    void aPausedQueueReleasesNothingUntilItIsResumed() {
        List<JobKey> waiting = queued("a", Priority.HIGH, 2);
        jobs.worker(4, 8);
        sql("INSERT INTO queue (queue, state) VALUES ('" + queue + "', 'paused')");
        assertThat(relay.runOnce()).isTrue();
        assertThat(jobs.count("job", "released_at IS NOT NULL")).isZero();
        // Draining is said to those who submit.
        sql("UPDATE queue SET state = 'draining'");
        relay.runOnce();
        assertThat(records(Lane.REGULAR)).containsExactlyElementsOf(waiting);
    }

    @Test
    void aTenantHasNoMoreUnderWayThanItMayInAllQueues() {
        sql("INSERT INTO tenant (tenant_id, most_running) VALUES ('small', 3)");
        UUID worker = jobs.worker(4, 8);
        TestJobs elsewhere = new TestJobs(database, "another-" + queue, "tiny", "v1");
        JobKey running = elsewhere.queued("small", Priority.LOW);
        jobs.update(running, running(worker));
        queued("small", Priority.HIGH, 10);
        queued("other", Priority.LOW, 10);
        relay.runOnce();
        assertThat(jobs.count("job", "released_at IS NOT NULL AND tenant_id = 'small'"))
                .isEqualTo(2);
        assertThat(jobs.count("job", "released_at IS NOT NULL AND tenant_id = 'other'"))
                .isGreaterThanOrEqualTo(6);
        relay.runOnce();
        assertThat(jobs.count("job", "released_at IS NOT NULL AND tenant_id = 'small'"))
                .isEqualTo(2);
        jobs.update(running, "state = 'canceled', owner = NULL, lease_until = NULL, finished_at = now()");
        relay.runOnce();
        assertThat(jobs.count("job", "released_at IS NOT NULL AND tenant_id = 'small'"))
                .isEqualTo(3);
    }

    /** Each queue has its relay at work at the same time, and together they give a tenant what it may have and no more. */
    @Test
    void relaysOfManyQueuesKeepATenantsLimitTogether() throws Exception {
        sql("INSERT INTO tenant (tenant_id, most_running) VALUES ('small', 5)");
        List<RelayStore.DueQueue> due = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            TestJobs one = new TestJobs(database, "many-" + i + queue, "tiny", "v1");
            one.queued("small", Priority.NORMAL, Collections.nCopies(10, TestJobs.input(1, 4)));
            one.worker(8, 8);
        }
        RelayStore store = new RelayStore(database, SETTINGS);
        due.addAll(store.dueQueues());
        assertThat(due).hasSize(6);
        CountDownLatch start = new CountDownLatch(1);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> relays = new ArrayList<>();
            for (RelayStore.DueQueue one : due) {
                relays.add(threads.submit(() -> {
                    start.await();
                    for (int round = 0; round < 10; round++) {
                        store.release(one);
                    }
                    return null;
                }));
            }
            start.countDown();
            for (Future<?> running : relays) {
                running.get(60, TimeUnit.SECONDS);
            }
        }
        assertThat(jobs.count("job", "released_at IS NOT NULL")).isEqualTo(5);
    }

    @Test
    void aReleaseThatNobodyClaimedIsMadeAgain() {
        JobKey job = queued("a", Priority.NORMAL, 1).getFirst();
        jobs.worker(4, 8);
        relay.runOnce();
        relay.runOnce();
        assertThat(records(Lane.REGULAR)).containsExactly(job);
        assertThat(meters.counter("safelight.relay.released.again").count()).isZero();
        jobs.age(job, "released_at", SETTINGS.redispatchAfter().plusSeconds(1));
        relay.runOnce();
        assertThat(records(Lane.REGULAR)).containsExactly(job, job);
        assertThat(meters.counter("safelight.relay.released.again").count()).isEqualTo(1);
    }

    @Test
    void aJobThatIsNotDueYetWaits() {
        JobKey job = queued("a", Priority.NORMAL, 1).getFirst();
        jobs.update(job, "available_at = now() + interval '1 minute'");
        jobs.worker(4, 8);
        relay.runOnce();
        assertThat(jobs.row(job)).containsEntry("released_at", null);
        jobs.age(job, "available_at", Duration.ofMinutes(2));
        relay.runOnce();
        assertThat(records(Lane.REGULAR)).containsExactly(job);
    }

    @Test
    void aJobWhoseDeadlinePassedExpiresUnlessItHadStarted() {
        JobKey late = queued("a", Priority.NORMAL, 1).getFirst();
        JobKey back = queued("a", Priority.NORMAL, 1).getFirst();
        jobs.update(late, "deadline = now() - interval '1 s'");
        jobs.update(back, "deadline = now() - interval '1 s', started_at = now(), attempt = 1");
        jobs.worker(4, 8);
        relay.runOnce();
        assertThat(jobs.state(late)).isEqualTo(JobState.EXPIRED);
        assertThat(jobs.events(late)).containsExactly("expired");
        assertThat(records(Lane.REGULAR)).containsExactly(back);
    }

    @Test
    void whileKafkaIsAwayJobsStayInPostgres() {
        queued("a", Priority.NORMAL, 3);
        jobs.worker(4, 8);
        try (Relay cutOff = relay(new KafkaSettings("127.0.0.1:1", 1, (short) 1))) {
            assertThat(cutOff.runOnce())
                    .as("says that it should be tried again later")
                    .isFalse();
        }
        assertThat(jobs.count("job", "released_at IS NOT NULL")).isZero();
        sql("UPDATE worker SET beat_at = now()"); // it went on beating meanwhile
        relay.runOnce();
        assertThat(records(Lane.REGULAR)).hasSize(3);
    }

    @Test
    void whatKafkaDidNotTakeIsUnreleased() {
        JobKey job = queued("a", Priority.NORMAL, 1).getFirst();
        JobKey claimed = queued("a", Priority.NORMAL, 1).getFirst();
        jobs.worker(4, 8);
        relay.runOnce();
        jobs.update(claimed, "released_at = NULL, " + running(UUID.randomUUID()));
        new RelayStore(database, SETTINGS)
                .takeBack(List.of(
                        new Release(new Candidate(job, 1, 1, null), Lane.REGULAR),
                        new Release(new Candidate(claimed, 1, 1, null), Lane.REGULAR)));
        assertThat(jobs.row(job)).containsEntry("released_at", null).containsEntry("state", "queued");
        assertThat(jobs.state(claimed)).isEqualTo(JobState.RUNNING);
    }

    @Test
    void manyRelaysAtOnceFillTheWindowOnce() throws Exception {
        queued("a", Priority.LOW, 200);
        jobs.worker(10, 0);
        List<JobKey> published = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch start = new CountDownLatch(1);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> relays = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                RelayStore store = new RelayStore(database, SETTINGS);
                relays.add(threads.submit(() -> {
                    start.await();
                    for (int round = 0; round < 10; round++) {
                        for (RelayStore.DueQueue due : store.dueQueues()) {
                            store.release(due)
                                    .releases()
                                    .forEach(release ->
                                            published.add(release.candidate().job()));
                        }
                    }
                    return null;
                }));
            }
            start.countDown();
            for (Future<?> running : relays) {
                running.get(60, TimeUnit.SECONDS);
            }
        }
        assertThat(published).hasSize(20).doesNotHaveDuplicates();
    }

    private Relay relay(KafkaSettings at) {
        return new Relay(database, at, SETTINGS, meters, stage -> {});
    }

    private List<JobKey> queued(String tenantId, Priority priority, int count) {
        return jobs.queued(tenantId, priority, Collections.nCopies(count, TestJobs.input(1, 4)));
    }

    private static String running(UUID owner) {
        return "state = 'running', attempt = 1, started_at = now(), lease_until = now() + interval '1 minute', owner = '"
                + owner + "'";
    }

    private void sql(String statement) {
        database.jdbi().useHandle(handle -> handle.execute(statement));
    }

    /** All records of a lane, oldest first. */
    private List<JobKey> records(Lane lane) {
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", kafka.bootstrapServers(), "auto.offset.reset", "earliest"),
                new StringDeserializer(),
                new StringDeserializer())) {
            List<TopicPartition> partitions = List.of(new TopicPartition(Topics.dispatch(queue, lane), 0));
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            long end = consumer.endOffsets(partitions).get(partitions.getFirst());
            List<JobKey> found = new ArrayList<>();
            while (consumer.position(partitions.getFirst()) < end) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(1))) {
                    found.add(Json.read(record.value(), DispatchRecord.class).key());
                }
            }
            return found;
        }
    }
}
