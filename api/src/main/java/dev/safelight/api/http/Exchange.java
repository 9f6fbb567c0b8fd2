package dev.safelight.api.http;

import dev.safelight.common.trace.Traced;
import dev.safelight.common.trace.Tracing;
import io.opentelemetry.api.trace.SpanKind;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One request and the place where its reply goes. */
final class Exchange {
    private static final Logger LOG = LoggerFactory.getLogger(Exchange.class);
    private static final Pattern TRACEPARENT = Pattern.compile("[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}");
    private static final int CHUNK = 64 << 10;

    private final HttpServerRequest http;
    private final Context context;
    private final Observer observer;
    private final long startedAt = System.nanoTime();
    private Traced span;
    private volatile Map<String, String> headers = Map.of();

    /** Told of each reply. */
    interface Observer {
        /** @param startedAt nano time at which the head of the request had come */
        void replied(String route, String method, int status, long startedAt);
    }

    Exchange(HttpServerRequest http, Context context, Observer observer) {
        this.http = http;
        this.context = context;
        this.observer = observer;
    }

    /** What the request is traced as, once its route is known. */
    void trace(String route) {
        span = Tracing.start(http.method().name() + " " + route, SpanKind.SERVER, traceparent(http))
                .with("http.request.method", http.method().name())
                .with("http.route", route);
    }

    Traced span() {
        return span;
    }

    /** A trace context that cannot be read is dropped, as its standard asks. */
    private static String traceparent(HttpServerRequest http) {
        String sent = http.getHeader("traceparent");
        return sent != null && TRACEPARENT.matcher(sent).matches() ? sent : null;
    }

    HttpServerRequest http() {
        return http;
    }

    /** Headers of the reply, whatever it will be. */
    void promise(Map<String, String> promised) {
        headers = promised;
    }

    /** Where the request's events arrive. */
    Context context() {
        return context;
    }

    /** Sends a reply; from a virtual thread it may block on a slow reader, from the event loop it must be without stream. */
    void send(String route, Reply reply) {
        HttpServerResponse response = http.response();
        switch (reply.body()) {
            case Reply.Empty() ->
                context.runOnContext(ignored -> {
                    if (head(response, reply)) {
                        response.end();
                    }
                });
            case Reply.Bytes(byte[] bytes) ->
                context.runOnContext(ignored -> {
                    if (head(response, reply)) {
                        response.end(Buffer.buffer(bytes));
                    }
                });
            case Reply.Stream(InputStream in, long length) -> copy(response, reply, in, length);
            case Reply.Live(Reply.Source source) -> context.runOnContext(ignored -> open(response, reply, source));
        }
        if (span != null) {
            span.with("http.response.status_code", reply.status());
            if (reply.status() >= 500) {
                span.failed("replied " + reply.status());
            }
            span.end();
        }
        observer.replied(route, http.method().name(), reply.status(), startedAt);
    }

    /** @return whether anybody is still there */
    private boolean head(HttpServerResponse response, Reply reply) {
        if (response.closed() || response.ended()) {
            return false;
        }
        response.setStatusCode(reply.status());
        headers.forEach(response::putHeader);
        reply.headers().forEach(response::putHeader);
        return true;
    }

    private void copy(HttpServerResponse response, Reply reply, InputStream in, long length) {
        try (in) {
            if (!head(response, reply)) {
                return;
            }
            response.putHeader("Content-Length", Long.toString(length));
            byte[] chunk = new byte[(int) Math.min(CHUNK, Math.max(length, 1))];
            for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
                // Each chunk waits until the socket took the one before: a slow reader costs no memory.
                HttpFront.await(response.write(Buffer.buffer().appendBytes(chunk, 0, read)));
            }
            HttpFront.await(response.end());
        } catch (IOException e) {
            // The head is out: all that is left is to let the client see that the body is not whole.
            LOG.debug("a stream ended early: {}", e.getMessage());
            http.connection().close();
        }
    }

    private void open(HttpServerResponse response, Reply reply, Reply.Source source) {
        if (!head(response, reply)) {
            source.closed();
            return;
        }
        response.setChunked(true);
        response.closeHandler(ignored -> source.closed());
        response.exceptionHandler(failure -> LOG.debug("a live reply broke off: {}", failure.getMessage()));
        source.open(new Outlet() {
            @Override
            public CompletionStage<Void> send(byte[] bytes) {
                return written(() -> response.write(Buffer.buffer(bytes)));
            }

            @Override
            public CompletionStage<Void> end() {
                return written(response::end);
            }

            @Override
            public void cut() {
                http.connection().close();
            }
        });
    }

    private interface Write {
        Future<Void> run();
    }

    private static CompletionStage<Void> written(Write write) {
        try {
            return write.run().toCompletionStage();
        } catch (IllegalStateException e) {
            // Ended or closed meanwhile.
            return Future.<Void>failedFuture(e).toCompletionStage();
        }
    }
}
