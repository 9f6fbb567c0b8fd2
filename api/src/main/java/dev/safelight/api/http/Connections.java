package dev.safelight.api.http;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.impl.HttpServerConnection;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Counts the open connections and closes those whose client takes too long to say what it wants. An idle timeout cannot
 * do that, because each byte starts it anew. One timer looks at all connections; a request costs a few fields.
 */
final class Connections {
    /** Deadlines are kept up to this. */
    private static final Duration LOOK_INTERVAL = Duration.ofMillis(250);

    private final HttpLimits limits;
    private final Map<HttpConnection, Standing> open = new ConcurrentHashMap<>();
    private final Counter late;
    private final Counter beyondCap;

    Connections(HttpLimits limits, MeterRegistry meters) {
        this.limits = limits;
        this.late = refused(meters, "deadline");
        this.beyondCap = refused(meters, "too_many");
        Gauge.builder("safelight.http.connections", open, Map::size)
                .description("Open connections of clients")
                .register(meters);
    }

    private static Counter refused(MeterRegistry meters, String reason) {
        return Counter.builder("safelight.http.connections.cut")
                .description(
                        "Connections closed because their request did not come in time, or because there were too many")
                .tag("reason", reason)
                .register(meters);
    }

    void start(Vertx vertx) {
        vertx.setPeriodic(LOOK_INTERVAL.toMillis(), ignored -> cutLate(System.nanoTime()));
    }

    /** On the connection's event loop, before its first byte was read. */
    void opened(HttpConnection connection) {
        if (open.size() >= limits.connections()) {
            beyondCap.increment();
            connection.close();
            return;
        }
        Standing standing = new Standing(limits.headDeadline().toNanos(), () -> open.remove(connection));
        open.put(connection, standing);
        // The only place that sees the bytes of a head that is not whole yet.
        ((HttpServerConnection) connection)
                .channelHandlerContext()
                .channel()
                .pipeline()
                .addFirst("head-deadline", standing);
    }

    /** The head of a request is whole; its body may follow. Takes the response's end handler for itself. */
    void begun(HttpServerRequest request) {
        Standing standing = open.get(request.connection());
        if (standing != null) {
            standing.headRead(limits.bodyDeadline().toNanos());
            request.end().onComplete(ignored -> standing.bodyRead());
            request.response().endHandler(ignored -> standing.replied());
        }
    }

    /** The body of this request may take longer than others. */
    void allow(HttpServerRequest request, Duration bodyDeadline) {
        Standing standing = open.get(request.connection());
        if (standing != null) {
            standing.headRead(bodyDeadline.toNanos());
        }
    }

    private void cutLate(long now) {
        open.forEach((connection, standing) -> {
            if (standing.late(now)) {
                late.increment();
                connection.close();
            }
        });
    }

    /** How far the request that is under way on a connection has come. Written on its event loop only. */
    private static final class Standing extends ChannelInboundHandlerAdapter {
        private static final long NONE = 0;

        private final long headNanos;
        private final Runnable closed;
        private volatile long deadline;
        private boolean handling;

        Standing(long headNanos, Runnable closed) {
            this.headNanos = headNanos;
            this.closed = closed;
            this.deadline = in(headNanos);
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (deadline == NONE && !handling) {
                deadline = in(headNanos);
            }
            context.fireChannelRead(message);
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            closed.run();
            context.fireChannelInactive();
        }

        void headRead(long bodyNanos) {
            handling = true;
            deadline = in(bodyNanos);
        }

        void bodyRead() {
            deadline = NONE;
        }

        void replied() {
            handling = false;
        }

        boolean late(long now) {
            long until = deadline;
            return until != NONE && now - until > 0;
        }

        private static long in(long nanos) {
            long then = System.nanoTime() + nanos;
            return then == NONE ? 1 : then;
        }
    }
}
