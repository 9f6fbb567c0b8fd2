package dev.safelight.api.http;

import dev.safelight.api.auth.Principal;
import dev.safelight.api.auth.Scope;
import dev.safelight.api.link.OutputLinks;
import io.vertx.core.MultiMap;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jdbi.v3.core.JdbiException;

/** The other way in, for the operations that the document offers it for: a URL that says by itself for whom it is good. */
final class SignedUrl {
    private static final String SIGNATURE = "signature";

    private SignedUrl() {}

    /** Whether the client means to come in this way; then nothing else lets it in. */
    static boolean is(Operation operation, String query) {
        return operation.linked() && query != null && query.contains(SIGNATURE + "=");
    }

    /** May ask Postgres for the secrets. */
    static Admission admission(OutputLinks links, Map<String, String> path, MultiMap query) {
        try {
            OutputLinks.Verdict verdict = links.verify(
                    UUID.fromString(path.get("job_id")),
                    Integer.parseInt(path.get("ordinal")),
                    Long.parseLong(query.get("expires")),
                    query.get(SIGNATURE));
            return switch (verdict) {
                case OutputLinks.Good(String tenantId) ->
                    new Admission.Admitted(new Principal(tenantId, Set.of(Scope.JOBS_READ)), Map.of());
                case OutputLinks.Expired(var at) ->
                    refused("link_expired", "this URL was good until " + at + "; look at the job for another");
                case OutputLinks.Forged() -> forged();
            };
        } catch (IllegalArgumentException | NullPointerException e) {
            // Not even the parts of a signed URL.
            return forged();
        } catch (JdbiException e) {
            return new Admission.Refused(Problem.unavailable("signatures cannot be checked now; try again soon")
                    .reply());
        }
    }

    private static Admission forged() {
        return refused("invalid_signature", "the signature is not ours, or is for another URL");
    }

    private static Admission refused(String code, String detail) {
        return new Admission.Refused(new Problem(403, code, detail).reply());
    }
}
