package dev.safelight.common.job;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/** Where a job stands. Terminality is a property of the state, never its order. */
public enum JobState {
    /** Accepted and durable. A worker's claim moves it on, or a client's cancel, or its deadline. */
    QUEUED(false),
    /** Held under a lease by one worker. That worker moves it on, or the rescuer when the lease has run out. */
    RUNNING(false),
    /** Its outputs are visible. Nobody moves it on. */
    SUCCEEDED(true),
    /** Its error says why. Nobody moves it on; a retry is a new job. */
    FAILED(true),
    /** A client ended it. Nobody moves it on. */
    CANCELED(true),
    /** Its deadline passed before a worker took it. Nobody moves it on. */
    EXPIRED(true);

    private final boolean terminal;

    JobState(boolean terminal) {
        this.terminal = terminal;
    }

    public boolean terminal() {
        return terminal;
    }

    /** The states that {@link Transition} lets this one become. */
    public Set<JobState> next() {
        Set<JobState> next = EnumSet.noneOf(JobState.class);
        for (Transition transition : Transition.values()) {
            if (transition.from() == this) {
                next.add(transition.to());
            }
        }
        return next;
    }

    /** The word in the database and on the wire. */
    @JsonValue
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** @throws IllegalArgumentException for a word that names no state */
    @JsonCreator
    public static JobState of(String word) {
        for (JobState state : values()) {
            if (state.word().equals(word)) {
                return state;
            }
        }
        throw new IllegalArgumentException("no job state is called " + word);
    }
}
