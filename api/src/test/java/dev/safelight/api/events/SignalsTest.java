package dev.safelight.api.events;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.api.Eventually;
import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.common.config.KafkaSettings;
import dev.safelight.common.event.CancelRequested;
import dev.safelight.common.event.Signal;
import dev.safelight.common.job.JobIds;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.JobState;
import dev.safelight.common.store.Database;
import dev.safelight.common.wire.Json;
import dev.safelight.common.wire.TopicAdmin;
import dev.safelight.common.wire.Topics;
import dev.safelight.embedded.testing.TestServers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What goes over Kafka and is only a hint. */
class SignalsTest {
    private static KafkaSettings kafka;

    @BeforeAll
    static void start() {
        kafka = new KafkaSettings(TestServers.kafka().bootstrapServers(), 1, (short) 1);
        try (TopicAdmin admin = new TopicAdmin(kafka)) {
            admin.ensure(List.of());
        }
    }

    @Test
    void everyListenerHearsEverySignal() throws ExecutionException, InterruptedException {
        Queue<Signal.Entry> first = new ConcurrentLinkedQueue<>();
        Queue<Signal.Entry> second = new ConcurrentLinkedQueue<>();
        Signal.Entry probe = entry(new JobKey("probe", JobIds.next()), 1, JobState.RUNNING, 0);
        List<Signal.Entry> told = List.of(
                entry(new JobKey("default", JobIds.next()), 2, JobState.RUNNING, 3),
                entry(new JobKey("default", JobIds.next()), 1, JobState.SUCCEEDED, 4));
        try (TopicListener one = TopicListener.ofSignals(kafka, first::add);
                TopicListener other = TopicListener.ofSignals(kafka, second::add);
                KafkaProducer<String, String> worker = producer()) {
            one.start();
            other.start();
            // Whoever listens hears what comes from now on, so they must be listening first.
            Eventually.becomes("both listen", () -> {
                send(worker, Json.write(new Signal(List.of(probe))));
                return first.contains(probe) && second.contains(probe);
            });
            Eventually.becomes("both are connected", () -> one.connected() && other.connected());
            send(worker, "nonsense");
            send(worker, Json.write(new Signal(told)));
            for (Queue<Signal.Entry> heard : List.of(first, second)) {
                Eventually.becomes("all is heard", () -> heard.containsAll(told));
            }
        }
    }

    @Test
    void withoutKafkaTheListenerIsNotConnectedAndCloses() {
        KafkaSettings nowhere = new KafkaSettings("127.0.0.1:1", 1, (short) 1);
        Queue<byte[]> heard = new ConcurrentLinkedQueue<>();
        try (TopicListener listener = new TopicListener(nowhere, Topics.SIGNALS, "hears nothing", heard::add)) {
            listener.start();
            assertThat(running("hears nothing")).isTrue();
            assertThat(listener.connected()).isFalse();
        }
        assertThat(running("hears nothing")).isFalse();
        assertThat(heard).isEmpty();
    }

    @Test
    void aBrokerThatHasNoSuchTopicIsConnected() {
        try (TopicListener listener = new TopicListener(kafka, "no-such-topic", "signals", value -> {})) {
            listener.start();
            Eventually.becomes("it is connected", listener::connected);
        }
    }

    @Test
    void aCancelIsToldToTheWorkers() {
        JobKey job = new JobKey("default", JobIds.next());
        TopicPartition control = new TopicPartition(Topics.CONTROL, 0);
        try (KafkaConsumer<String, String> worker = new KafkaConsumer<>(
                        Map.of("bootstrap.servers", kafka.bootstrapServers()),
                        new StringDeserializer(),
                        new StringDeserializer());
                CancelNotices notices = new CancelNotices(kafka)) {
            worker.assign(List.of(control));
            worker.seekToEnd(List.of(control));
            worker.position(control);
            notices.tell(job);
            List<CancelRequested> heard = new ArrayList<>();
            Eventually.becomes("the notice", () -> {
                worker.poll(Duration.ofMillis(100))
                        .forEach(notice -> heard.add(Json.read(notice.value(), CancelRequested.class)));
                return heard.stream().anyMatch(notice -> notice.key().equals(job));
            });
        }
    }

    @Test
    void aSignalWakesWhoeverWaitsForThatJobAndNobodyElse() throws InterruptedException {
        try (Database database = Database.open(TestServers.newDatabase(), "test");
                // Never started: nobody looks at Postgres.
                JobWatch watch = new JobWatch(database);
                Waiters waiters = new Waiters(watch)) {
            JobKey job = new JobKey("default", JobIds.next());
            JobKey namesake = new JobKey("other", job.jobId());
            try (Waiters.Waiter first = waiters.listen(job);
                    Waiters.Waiter second = waiters.listen(job);
                    Waiters.Waiter other = waiters.listen(namesake)) {
                assertThat(waiters.count()).isEqualTo(3);
                Thread.ofVirtual().start(() -> watch.hint(job, true));
                first.await(Duration.ofSeconds(30));
                second.await(Duration.ofSeconds(30));
                assertThat(first.ended()).isTrue();
                assertThat(second.ended()).isTrue();
                assertThat(other.ended()).isFalse();
            }
            assertThat(waiters.count()).isZero();
        }
    }

    @Test
    void aLookAtPostgresFindsWhatNoSignalTold() {
        DatabaseSettings settings = TestServers.newDatabase();
        try (Database database = Database.open(settings, "test");
                JobWatch watch = new JobWatch(database);
                Waiters waiters = new Waiters(watch)) {
            UUID ended = insert(database, "canceled");
            UUID queued = insert(database, "queued");
            UUID absent = JobIds.next();
            try (Waiters.Waiter first = waiters.listen(new JobKey("default", ended));
                    Waiters.Waiter second = waiters.listen(new JobKey("default", queued));
                    Waiters.Waiter third = waiters.listen(new JobKey("default", absent));
                    Waiters.Waiter foreign = waiters.listen(new JobKey("other", queued))) {
                watch.lookOnce();
                assertThat(first.ended()).isTrue();
                assertThat(second.ended()).isFalse();
                assertThat(third.ended()).isTrue();
                assertThat(foreign.ended()).isTrue();
            }
        }
    }

    @Test
    void progressIsThatOfTheLatestAttemptAndNeverGoesBack() {
        LiveProgress progress = new LiveProgress();
        JobKey job = new JobKey("default", JobIds.next());
        assertThat(step(progress, job, 1)).isZero();
        progress.take(entry(job, 1, JobState.RUNNING, 3));
        progress.take(entry(job, 1, JobState.RUNNING, 2));
        assertThat(step(progress, job, 1)).isEqualTo(3);
        assertThat(step(progress, job, 2)).isZero();
        progress.take(entry(job, 2, JobState.RUNNING, 1));
        progress.take(entry(job, 1, JobState.RUNNING, 4));
        assertThat(step(progress, job, 2)).isEqualTo(1);
        progress.take(entry(job, 2, JobState.SUCCEEDED, 4));
        assertThat(step(progress, job, 2)).isZero();
    }

    @Test
    void progressOfTheLongestSilentJobsIsForgotten() {
        LiveProgress progress = new LiveProgress();
        JobKey early = new JobKey("default", JobIds.next());
        JobKey busy = new JobKey("default", JobIds.next());
        progress.take(entry(early, 1, JobState.RUNNING, 1));
        progress.take(entry(busy, 1, JobState.RUNNING, 1));
        for (int i = 0; i < 10_000; i++) {
            progress.take(entry(new JobKey("default", JobIds.next()), 1, JobState.RUNNING, 1));
            if (i == 5_000) {
                progress.take(entry(busy, 1, JobState.RUNNING, 2));
            }
        }
        assertThat(step(progress, early, 1)).isZero();
        assertThat(step(progress, busy, 1)).isEqualTo(2);
    }

    private static int step(LiveProgress progress, JobKey job, int attempt) {
        return progress.of(job, attempt).map(Signal.Entry::step).orElse(0);
    }

    private static Signal.Entry entry(JobKey job, int attempt, JobState state, int step) {
        return new Signal.Entry(job.tenantId(), job.jobId(), attempt, state, step, 4);
    }

    private static UUID insert(Database database, String state) {
        UUID id = JobIds.next();
        database.jdbi()
                .useHandle(handle -> handle.execute(
                        "INSERT INTO job (tenant_id, job_id, queue, model, bundle, input, steps, state, finished_at)"
                                + " VALUES ('default', ?, 'q', 'm', 'b', '{}', 1, ?, CASE WHEN ? <> 'queued' THEN now() END)",
                        id,
                        state,
                        state));
        return id;
    }

    private static boolean running(String thread) {
        return Thread.getAllStackTraces().keySet().stream()
                .anyMatch(each -> each.getName().equals(thread));
    }

    private static KafkaProducer<String, String> producer() {
        return new KafkaProducer<>(
                Map.of("bootstrap.servers", kafka.bootstrapServers()), new StringSerializer(), new StringSerializer());
    }

    private static void send(KafkaProducer<String, String> worker, String signal)
            throws ExecutionException, InterruptedException {
        worker.send(new ProducerRecord<>(Topics.SIGNALS, signal)).get();
    }
}
