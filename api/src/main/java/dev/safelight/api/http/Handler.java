package dev.safelight.api.http;

/** What a route does: straight-line code on a virtual thread of its own. It may block, and never sees the event loop. */
@FunctionalInterface
public interface Handler {
    /** @throws Exception what nobody expected: becomes a 503 where the database is out of reach, else a 500 */
    Reply handle(Request request) throws Exception;
}
