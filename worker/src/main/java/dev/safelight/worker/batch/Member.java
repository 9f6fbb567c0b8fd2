package dev.safelight.worker.batch;

import java.util.List;

/** A walk as the scheduler sees it: guarded by the scheduler's lock, but for {@code answer}. */
final class Member {

    enum Phase {
        /** On the host, between two evaluations. */
        COMPUTING,
        /** Its rows wait for a call. */
        WAITING,
        /** Its rows are in a call. */
        RUNNING,
        /** Not admitted, or no longer. */
        AWAY
    }

    record Key(Group group, boolean solo) {}

    /** What came of an evaluation. */
    sealed interface Answer {
        record Outputs(List<float[]> outputs) implements Answer {}

        record Stopped(EvaluationStopped reason) implements Answer {}

        /** The process, and not the network, is to blame. */
        record Broke(Error error) implements Answer {}
    }

    final Ticket ticket;
    final Group group;
    /** Rows of this walk never share a call, so that its calls have the same shape whatever else runs. */
    final boolean solo;

    Phase phase = Phase.AWAY;
    List<Row> rows = List.of();
    /** Number of the device's call that last carried its rows; 0 before the first. */
    long lastCall;

    Thread thread;
    volatile Answer answer;

    Member(Ticket ticket, Group group, boolean solo) {
        this.ticket = ticket;
        this.group = group;
        this.solo = solo || ticket.alone();
    }

    /** Members with equal keys stand in one line. */
    Key key() {
        return new Key(group, solo);
    }
}
