package dev.safelight.standalone.command;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.standalone.client.JobEvent;
import dev.safelight.standalone.client.RequestRefused;
import dev.safelight.standalone.client.SafelightClient;
import dev.safelight.standalone.client.Unreachable;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Shows how a job comes along until it is over: by its events, or by asking again and again where they do not come. */
final class JobFollower {
    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(200);
    private static final Duration UNTIL_A_LOOK = Duration.ofSeconds(1);
    private static final Set<String> OVER = Set.of("succeeded", "failed", "canceled", "expired");

    private final SafelightClient client;
    private final ProgressDisplay display;
    private long running = System.nanoTime();

    JobFollower(SafelightClient client, ProgressDisplay display) {
        this.client = client;
        this.display = display;
    }

    /** @return the job once it is over */
    JsonNode follow(JsonNode known) throws Unreachable, RequestRefused, InterruptedException {
        String id = known.path("id").asText();
        JsonNode job = known;
        BlockingQueue<Optional<JobEvent>> events = new LinkedBlockingQueue<>();
        Thread reader = Thread.ofVirtual().start(() -> read(id, events));
        try {
            while (!shown(job)) {
                Optional<JobEvent> event = events.poll(UNTIL_A_LOOK.toMillis(), TimeUnit.MILLISECONDS);
                if (event == null) {
                    // Nothing happens; why a job waits, and behind how many, is not among its events.
                    job = job.path("state").asText().equals("queued") ? client.job(id) : job;
                } else if (event.isPresent()) {
                    job = event.get().applied(job);
                } else {
                    job = poll(client.job(id));
                }
            }
            return job;
        } finally {
            reader.interrupt();
            display.end();
        }
    }

    /** Ends with an empty one: there will be no more, for whatever reason. */
    private void read(String id, BlockingQueue<Optional<JobEvent>> events) {
        try {
            client.follow(id, event -> events.add(Optional.of(event)));
        } catch (Unreachable | RequestRefused e) {
            // An older server, or none; polling finds out which.
        } finally {
            events.add(Optional.empty());
        }
    }

    private JsonNode poll(JsonNode known) throws Unreachable, RequestRefused, InterruptedException {
        JsonNode job = known;
        while (!shown(job)) {
            Thread.sleep(BETWEEN_LOOKS);
            job = client.job(job.path("id").asText());
        }
        return job;
    }

    /** @return whether the job is over */
    private boolean shown(JsonNode job) {
        JobProgress progress = JobProgress.of(job);
        if (progress.state().equals("queued")) {
            running = System.nanoTime();
        }
        display.show(progress, Duration.ofNanos(System.nanoTime() - running));
        return OVER.contains(progress.state());
    }
}
