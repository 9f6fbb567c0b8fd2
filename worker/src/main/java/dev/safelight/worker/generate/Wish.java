package dev.safelight.worker.generate;

import java.util.concurrent.CompletableFuture;

/**
 * A model that somebody waits for. Who no longer does cancels the wish, and not a future made of its loan: of that nobody
 * else would know.
 *
 * @param loan completes with the model, or with what kept it from being loaded; is cancelled where nobody will load it any
 *     more
 */
public record Wish(CompletableFuture<Loan> loan) {
    /** Nothing is put away or loaded for this any more, and what is lent at this very moment goes back. */
    public void cancel() {
        if (!loan.cancel(false)) {
            loan.thenAccept(Loan::close);
        }
    }
}
