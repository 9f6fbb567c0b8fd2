package dev.safelight.api.auth;

import dev.safelight.common.job.JobKey;
import java.util.List;
import java.util.Optional;

/** The one place that decides on whose behalf a request comes. */
public interface Authenticator {
    /** Where there are no keys: everybody is the default tenant and may do everything. Only for a loopback address. */
    Authenticator EVERYBODY = new Authenticator() {
        private final Outcome known = new Known(Principal.almighty(JobKey.DEFAULT_TENANT));

        @Override
        public Optional<Outcome> recall(List<String> authorization) {
            return Optional.of(known);
        }

        @Override
        public Outcome authenticate(List<String> authorization) {
            return known;
        }
    };

    sealed interface Outcome {}

    record Known(Principal principal) implements Outcome {}

    /** There is no {@code Authorization}, or not one of a kind that we take. */
    record Missing(String detail) implements Outcome {}

    /** There is a key, and it does not count. @param detail says no more than its holder may know */
    record Refused(String detail) implements Outcome {}

    /** The keys cannot be looked up. What cannot be checked is not let in. */
    record Unavailable() implements Outcome {}

    /**
     * Decides without blocking, where what is needed is known already.
     *
     * @param authorization the values of all {@code Authorization} fields
     */
    Optional<Outcome> recall(List<String> authorization);

    /** Decides, and may ask Postgres for it. */
    Outcome authenticate(List<String> authorization);
}
