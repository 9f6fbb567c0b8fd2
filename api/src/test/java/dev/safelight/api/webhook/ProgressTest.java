package dev.safelight.api.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.api.webhook.Receiver.Message;
import dev.safelight.common.event.Signal;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.JobState;
import dev.safelight.common.sign.SigningSecret;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Messages about progress: coalesced, sent once by one process, and kept by nobody. */
class ProgressTest {
    private static final SigningSecret SECRET = SigningSecret.generate();

    private final Rig rig = new Rig();

    @AfterEach
    void close() {
        rig.close();
    }

    @Test
    void manySignalsAreOneMessageFromOneProcessAndNoRow() {
        try (Receiver receiver = new Receiver();
                Receiver own = new Receiver();
                Rig beside = rig.beside()) {
            rig.endpoint("default", receiver.url(), SECRET, "progress");
            JobKey job = running(rig.job(own.url(), SECRET, "progress"));
            JobKey quiet = running(rig.job());
            for (int step = 1; step < 4; step++) {
                signal(rig, job, step);
                signal(beside, job, step);
            }
            rig.execute("UPDATE webhook_progress_turn SET taken_at = now() - interval '1 hour'");
            assertThat(rig.webhooks().progress().runOnce()).isEqualTo(2);
            assertThat(beside.webhooks().progress().runOnce())
                    .as("the other's turn is over")
                    .isZero();
            rig.awaitIdle();
            Message message = receiver.next();
            assertThat(message.verifies(SECRET.reveal())).isTrue();
            assertThat(message.json().at("/type").textValue()).isEqualTo("job.progress");
            assertThat(message.json().at("/data/id").textValue())
                    .isEqualTo(job.jobId().toString());
            assertThat(message.json().at("/data/state").textValue()).isEqualTo("running");
            assertThat(own.next().json().at("/type").textValue()).isEqualTo("job.progress");
            assertThat(receiver.waiting()).isEmpty();

            assertThat(rig.webhooks().progress().runOnce())
                    .as("nothing moved since")
                    .isZero();
            signal(rig, quiet, 1);
            assertThat(rig.webhooks().progress().runOnce())
                    .as("too soon after the last")
                    .isZero();
            assertThat(rig.deliveries()).isEmpty();
            assertThat(rig.attempts()).isEmpty();
        }
    }

    @Test
    void oneThatFailsIsNotRepeatedAndOneThatIsBusyMissesIt() {
        try (Receiver receiver = new Receiver(Receiver.replying(500, ""))) {
            UUID endpoint = rig.endpoint("default", receiver.url(), SECRET, "progress");
            JobKey job = running(rig.job());
            assertThat(tell(job)).isEqualTo(1);
            rig.awaitIdle();
            assertThat(receiver.next().id()).isNotEmpty();
            assertThat(rig.webhooks().progress().runOnce()).isZero();
            rig.webhooks().store().pause(DeliveryStore.target(endpoint), java.time.Duration.ofHours(1));
            assertThat(tell(job)).isZero();
            assertThat(receiver.waiting()).isEmpty();
        }
    }

    @Test
    void nobodyWhoDidNotAskIsTold() {
        try (Receiver receiver = new Receiver()) {
            rig.endpoint("default", receiver.url(), SECRET, "started", "output", "completed");
            rig.endpoint("other", receiver.url(), SECRET, "progress");
            assertThat(tell(running(rig.job(receiver.url(), SECRET, "completed"))))
                    .isZero();
            assertThat(tell(rig.job(receiver.url(), SECRET, "progress")))
                    .as("it is no longer running")
                    .isZero();
        }
    }

    private int tell(JobKey job) {
        signal(rig, job, 1);
        rig.execute("UPDATE webhook_progress_turn SET taken_at = now() - interval '1 hour'");
        return rig.webhooks().progress().runOnce();
    }

    private static void signal(Rig rig, JobKey job, int step) {
        rig.webhooks().take(new Signal.Entry(job.tenantId(), job.jobId(), 1, JobState.RUNNING, step, 4));
    }

    private JobKey running(JobKey job) {
        rig.jobs.update(
                job,
                "state = 'running', attempt = 1, owner = gen_random_uuid(), started_at = now(),"
                        + " lease_until = now() + interval '1 hour'");
        return job;
    }
}
