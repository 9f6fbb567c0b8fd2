package dev.safelight.embedded.testing;

import dev.safelight.common.job.JobIds;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.JobState;
import dev.safelight.common.job.Priority;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.store.Database;
import dev.safelight.common.wire.Json;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jdbi.v3.core.Jdbi;

/** Puts jobs into a database as the API would, looks at them, and moves their times instead of waiting. */
public final class TestJobs {
    private final Jdbi jdbi;
    private final String queue;
    private final String model;
    private final String bundle;

    /** @param bundle version of the bundle the jobs were validated against */
    public TestJobs(Database database, String queue, String model, String bundle) {
        this.jdbi = database.jdbi();
        this.queue = queue;
        this.model = model;
        this.bundle = bundle;
    }

    public static GenerationInput input(long seed, int steps) {
        return new GenerationInput(null, "ddim", steps, 1, seed, 1, 0, "trailing", false);
    }

    public JobKey queued(String tenantId, Priority priority) {
        return queued(tenantId, priority, input(1, 4));
    }

    public JobKey queued(String tenantId, Priority priority, GenerationInput input) {
        return queued(tenantId, priority, List.of(input)).getFirst();
    }

    /** One transaction for all; ids in the order of the inputs. */
    public List<JobKey> queued(String tenantId, Priority priority, List<GenerationInput> inputs) {
        List<JobKey> keys = inputs.stream()
                .map(input -> new JobKey(tenantId, JobIds.next()))
                .toList();
        jdbi.useTransaction(handle -> {
            var batch = handle.prepareBatch("""
                    INSERT INTO job (tenant_id, job_id, queue, model, bundle, priority, input, steps)
                    VALUES (:tenant, :job, :queue, :model, :bundle, :priority, :input::jsonb, :steps)""");
            for (int i = 0; i < keys.size(); i++) {
                batch.bind("tenant", tenantId)
                        .bind("job", keys.get(i).jobId())
                        .bind("queue", queue)
                        .bind("model", model)
                        .bind("bundle", bundle)
                        .bind("priority", priority.rank())
                        .bind("input", Json.write(inputs.get(i)))
                        .bind("steps", inputs.get(i).steps())
                        .add();
            }
            batch.execute();
        });
        return keys;
    }

    /** The row as it is, by column. */
    public Map<String, Object> row(JobKey job) {
        return jdbi.withHandle(
                handle -> handle.createQuery("SELECT * FROM job WHERE tenant_id = :tenant AND job_id = :job")
                        .bind("tenant", job.tenantId())
                        .bind("job", job.jobId())
                        .mapToMap()
                        .one());
    }

    public JobState state(JobKey job) {
        return JobState.of((String) row(job).get("state"));
    }

    /** Types of the job's events, oldest first. */
    public List<String> events(JobKey job) {
        return jdbi.withHandle(handle -> handle.createQuery(
                        "SELECT type FROM job_event WHERE tenant_id = :tenant AND job_id = :job ORDER BY event_id")
                .bind("tenant", job.tenantId())
                .bind("job", job.jobId())
                .mapTo(String.class)
                .list());
    }

    /** Lets time pass for one column of a job: it becomes so much older. */
    public void age(JobKey job, String column, Duration by) {
        update(job, column + " = " + column + " - make_interval(secs => " + by.toMillis() / 1000.0 + ")");
    }

    /** Changes a row by hand. @param assignments SQL after SET */
    public void update(JobKey job, String assignments) {
        jdbi.useHandle(handle -> handle.createUpdate(
                        "UPDATE job SET " + assignments + " WHERE tenant_id = :tenant AND job_id = :job")
                .bind("tenant", job.tenantId())
                .bind("job", job.jobId())
                .execute());
    }

    /** A worker that beats now and then never again. */
    public UUID worker(int slots, int headroom) {
        UUID id = UUID.randomUUID();
        jdbi.useHandle(handle -> handle.createUpdate("""
                        INSERT INTO worker (worker_id, host, device, queues, models, slots, headroom, running)
                        VALUES (:id, 'test', 'cpu', ARRAY[:queue], ARRAY[:model], :slots, :headroom, 0)""")
                .bind("id", id)
                .bind("queue", queue)
                .bind("model", model)
                .bind("slots", slots)
                .bind("headroom", headroom)
                .execute());
        return id;
    }

    public long count(String table, String where) {
        return jdbi.withHandle(handle -> handle.createQuery("SELECT count(*) FROM " + table + " WHERE " + where)
                .mapTo(long.class)
                .one());
    }
}
