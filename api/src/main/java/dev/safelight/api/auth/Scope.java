package dev.safelight.api.auth;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Optional;
import java.util.stream.Stream;

/** What a key allows. None includes another. */
public enum Scope {
    /** To read its tenant's jobs and outputs, and what can be asked for. */
    JOBS_READ("jobs:read"),
    /** To submit, cancel, retry and remove its tenant's jobs. */
    JOBS_WRITE("jobs:write"),
    /** To look after the installation: tenants, keys, queues and workers, of everybody. */
    ADMIN("admin");

    private final String word;

    Scope(String word) {
        this.word = word;
    }

    @JsonValue
    public String word() {
        return word;
    }

    /** Empty for a word that this version does not know. */
    public static Optional<Scope> find(String word) {
        return Stream.of(values()).filter(scope -> scope.word.equals(word)).findFirst();
    }
}
