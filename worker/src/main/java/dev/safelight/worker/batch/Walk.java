package dev.safelight.worker.batch;

import java.util.List;
import java.util.function.Supplier;

/**
 * A walk's place on a device, for one thread. While it is open and between two evaluations, other walks wait a moment
 * for it: leave before anything that takes longer than a step's arithmetic.
 */
public final class Walk implements AutoCloseable {
    private final Batcher batcher;
    private final Member member;

    Walk(Batcher batcher, Member member) {
        this.batcher = batcher;
        this.member = member;
    }

    /**
     * Runs the rows in one network call, with whatever other rows are there. Parks the calling thread.
     *
     * @return one output for each row
     * @throws EvaluationStopped and nothing else, but for an error of the process itself
     */
    public List<float[]> evaluate(List<Row> rows) {
        return batcher.evaluate(member, rows);
    }

    /**
     * Runs the rows on another network, under the same ticket.
     *
     * @throws EvaluationStopped as the other
     */
    public List<float[]> evaluate(Group other, List<Row> rows) {
        try (Walk visit = batcher.join(member.ticket, other, member.solo, 1).getFirst()) {
            return visit.evaluate(rows);
        }
    }

    /**
     * Takes steps of this walk close to the device: its own thread does so between two calls, so that nobody has to be woken.
     * Whatever takes longer than a step's arithmetic belongs elsewhere, because the device waits for it.
     *
     * @throws EvaluationStopped as evaluations do
     */
    public <T> T near(Supplier<T> steps) {
        return batcher.carried(steps);
    }

    /** Leaves the device; doing so twice is harmless. */
    @Override
    public void close() {
        batcher.leave(member);
    }
}
