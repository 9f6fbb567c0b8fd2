package dev.safelight.worker.store;

import dev.safelight.common.job.Fence;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.Sql;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.argument.Argument;
import org.jdbi.v3.core.statement.SqlStatement;

/**
 * The checkpoints of a worker's jobs in Postgres, under the fence. Nothing here waits for the disk: what is lost costs
 * steps and nothing else. All throw {@link org.jdbi.v3.core.JdbiException} when Postgres is out of reach.
 */
public final class CheckpointStore {
    private static final String RELAX = Sql.of(JobStore.class, "relax");
    private static final String SAVE = Sql.of(JobStore.class, "save_checkpoints");
    private static final String LOAD = Sql.of(JobStore.class, "load_checkpoint");
    private static final String RESUMED = Sql.of(JobStore.class, "resumed");

    private final Jdbi jdbi;
    private final UUID owner;

    public CheckpointStore(Database database, UUID owner) {
        this.jdbi = database.jdbi();
        this.owner = owner;
    }

    /** Where the bytes of a checkpoint are: in the row itself, or in the object store. */
    public sealed interface Content {
        record Inline(byte[] bytes) implements Content {}

        record Stored(String key) implements Content {}
    }

    /** @param advance how far the walks are: a row that is further stays as it is */
    public record Saved(Fence fence, long advance, Content content) {}

    /** Writes them all with one statement. @return those that are now in the table */
    public Set<Fence> save(Collection<Saved> checkpoints) {
        List<Saved> rows = List.copyOf(checkpoints);
        return jdbi.inTransaction(handle -> {
            handle.createQuery(RELAX).mapTo(String.class).one();
            return new HashSet<>(handle.createQuery(SAVE)
                    .bindArray(
                            "tenants",
                            String.class,
                            column(rows, row -> row.fence().job().tenantId()))
                    .bindArray(
                            "jobs",
                            UUID.class,
                            column(rows, row -> row.fence().job().jobId()))
                    .bindArray(
                            "attempts",
                            Integer.class,
                            column(rows, row -> row.fence().attempt()))
                    .bindArray("advances", Long.class, column(rows, Saved::advance))
                    .bind("contents", bytes(handle, rows))
                    .bindArray(
                            "keys",
                            String.class,
                            column(rows, row -> row.content() instanceof Content.Stored(String key) ? key : null))
                    .bind("owner", owner)
                    .map((row, context) -> new Fence(
                            new JobKey(row.getString("tenant_id"), row.getObject("job_id", UUID.class)),
                            row.getInt("attempt")))
                    .list());
        });
    }

    /** The checkpoint of a job that this worker holds. */
    public Optional<Content> load(Fence fence) {
        return jdbi.withHandle(handle -> bindFence(handle.createQuery(LOAD), fence)
                .map((row, context) -> {
                    String key = row.getString("object_key");
                    return key == null ? new Content.Inline(row.getBytes("content")) : new Content.Stored(key);
                })
                .map(Content.class::cast)
                .findOne());
    }

    /** Notes that this attempt went on from a step. */
    public void resumed(Fence fence, int step) {
        jdbi.useTransaction(handle -> {
            handle.createQuery(RELAX).mapTo(String.class).one();
            bindFence(handle.createUpdate(RESUMED), fence).bind("step", step).execute();
        });
    }

    private static Argument bytes(Handle handle, List<Saved> rows) {
        byte[][] contents = rows.stream()
                .map(row -> row.content() instanceof Content.Inline(byte[] bytes) ? bytes : null)
                .toArray(byte[][]::new);
        return (position, statement, context) ->
                statement.setArray(position, handle.getConnection().createArrayOf("bytea", contents));
    }

    private static <T> List<T> column(List<Saved> rows, Function<Saved, T> field) {
        return rows.stream().map(field).collect(java.util.stream.Collectors.toList());
    }

    private <S extends SqlStatement<S>> S bindFence(S statement, Fence fence) {
        return statement
                .bind("tenant", fence.job().tenantId())
                .bind("job", fence.job().jobId())
                .bind("attempt", fence.attempt())
                .bind("owner", owner);
    }
}
