package dev.safelight.api.http;

import dev.safelight.api.auth.Authenticator;
import dev.safelight.api.auth.Principal;
import dev.safelight.api.auth.RateLimiter;
import dev.safelight.api.auth.Scope;
import dev.safelight.api.link.OutputLinks;
import dev.safelight.common.trace.LogContext;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Between the sockets and the handlers. Event loops read requests and write replies and never block; each request is
 * handled on a virtual thread of its own.
 */
public final class HttpFront implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HttpFront.class);
    /** More than the longest {@code Prefer: wait}. */
    private static final Duration IDLE = Duration.ofSeconds(75);
    /** An upload that is too large is read up to here, so that its sender gets to see the 413; beyond, it is cut. */
    private static final long MOST_DISCARDED = 8 << 20;

    /** Bytes of a JSON body of which many at a time do no harm. */
    private static final int LARGE_JSON = 262_144;
    /** A JSON body is held as it came, as what was read of it and as what is stored. */
    private static final int COPIES_OF_JSON = 4;

    private static final Duration PATIENCE_AT_CLOSE = Duration.ofSeconds(8);
    private static final Duration[] BUCKETS = IntStream.of(1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000, 60_000)
            .mapToObj(Duration::ofMillis)
            .toArray(Duration[]::new);

    private final Vertx vertx;
    private final Routes routes;
    private final Authenticator authenticator;
    private final OutputLinks links;
    private final HttpLimits limits;
    private final Connections connections;
    private final RateLimiter limiter = new RateLimiter(System::nanoTime);
    private final UploadRoom room;
    private final MeterRegistry meters;
    private final Map<TimerKey, Timer> timers = new ConcurrentHashMap<>();
    private final ExecutorService handlers = Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("request-", 0).factory());
    private final List<HttpServer> servers = new ArrayList<>();

    private record TimerKey(String route, String method, int status) {}

    /**
     * @param authenticator decides on whose behalf a request comes
     * @param links decides it for a signed URL
     * @param room for uploads
     */
    public HttpFront(
            Vertx vertx,
            Routes routes,
            Authenticator authenticator,
            OutputLinks links,
            HttpLimits limits,
            UploadRoom room,
            MeterRegistry meters) {
        this.vertx = vertx;
        this.routes = routes;
        this.authenticator = authenticator;
        this.links = links;
        this.limits = limits;
        this.connections = new Connections(limits, meters);
        this.room = room;
        this.meters = meters;
    }

    /**
     * Binds the address.
     *
     * @param port 0 picks a free one
     * @return the port
     * @throws IOException when it cannot be bound
     */
    public int listen(String host, int port) throws IOException {
        HttpServerOptions options = new HttpServerOptions()
                .setHost(host)
                .setPort(port)
                .setHttp2ClearTextEnabled(false)
                .setHandle100ContinueAutomatically(true)
                .setMaxInitialLineLength(limits.head())
                .setMaxHeaderSize(limits.head())
                .setIdleTimeout((int) IDLE.toSeconds())
                .setIdleTimeoutUnit(TimeUnit.SECONDS);
        HttpServer server = vertx.createHttpServer(options)
                .connectionHandler(connections::opened)
                .invalidRequestHandler(this::refuse)
                .requestHandler(this::receive);
        connections.start(vertx);
        try {
            await(server.listen());
        } catch (IOException e) {
            throw new IOException("cannot listen on " + host + ":" + port + ": " + e.getMessage(), e);
        }
        servers.add(server);
        return server.actualPort();
    }

    /** Stops accepting, lets requests in flight finish for a while, and closes. */
    @Override
    public void close() {
        for (HttpServer server : servers) {
            try {
                await(server.shutdown(PATIENCE_AT_CLOSE.toMillis(), TimeUnit.MILLISECONDS));
            } catch (IOException e) {
                LOG.warn("closing the HTTP server: {}", e.getMessage());
            }
        }
        handlers.shutdownNow();
    }

    /** What is no HTTP, or more of it than we take. */
    private void refuse(HttpServerRequest http) {
        Throwable cause = http.decoderResult().cause();
        Problem problem = switch (cause) {
            case TooLongHttpLineException _ ->
                new Problem(414, "uri_too_long", "the request line must have at most " + limits.head() + " bytes");
            case TooLongHttpHeaderException _ ->
                new Problem(431, "headers_too_large", "the headers must have at most " + limits.head() + " bytes");
            case null, default -> new Problem(400, "malformed_request", "this is not HTTP/1.1");
        };
        Context context = vertx.getOrCreateContext();
        new Exchange(http, context, this::observe).send("none", problem.reply().with("Connection", "close"));
        // After the reply, on the same loop: what comes next on the connection cannot be told from this request.
        context.runOnContext(ignored -> http.connection().close());
    }

    private void receive(HttpServerRequest http) {
        connections.begun(http);
        Exchange exchange = new Exchange(http, vertx.getOrCreateContext(), this::observe);
        switch (routes.match(http.method().name(), http.path() == null ? "" : http.path())) {
            case Routes.Found found -> {
                exchange.trace(found.operation().path());
                admit(exchange, found);
            }
            case Routes.WrongMethod(var allowed) -> {
                String list = String.join(", ", allowed);
                Problem problem =
                        new Problem(405, "method_not_allowed", http.method() + " is not known here; it may be " + list);
                exchange.send("none", problem.reply().with("Allow", list));
            }
            case Routes.Unknown() ->
                exchange.send(
                        "none",
                        Problem.notFound("nothing is at this path; /openapi.json lists what is")
                                .reply());
        }
    }

    /** Finds out who it is before a byte of the body is read. What is known already is decided right here. */
    private void admit(Exchange exchange, Routes.Found found) {
        if (found.operation().scopes().isEmpty()) {
            accept(exchange, found, null);
            return;
        }
        HttpServerRequest http = exchange.http();
        if (SignedUrl.is(found.operation(), http.query())) {
            admitLater(exchange, found, () -> SignedUrl.admission(links, found.path(), http.params()));
            return;
        }
        Set<Scope> needed = found.operation().scopes().get();
        List<String> authorization = http.headers().getAll(HttpHeaders.AUTHORIZATION);
        Optional<Authenticator.Outcome> known = authenticator.recall(authorization);
        if (known.isPresent()) {
            admit(exchange, found, Admission.of(known.get(), needed, limiter));
            return;
        }
        admitLater(exchange, found, () -> Admission.of(authenticator.authenticate(authorization), needed, limiter));
    }

    private void admitLater(Exchange exchange, Routes.Found found, Supplier<Admission> decision) {
        exchange.http().pause();
        handlers.execute(() -> {
            Admission admission = decision.get();
            exchange.context().runOnContext(ignored -> {
                admit(exchange, found, admission);
                exchange.http().resume();
            });
        });
    }

    private void admit(Exchange exchange, Routes.Found found, Admission admission) {
        switch (admission) {
            case Admission.Admitted(Principal principal, var headers) -> {
                exchange.promise(headers);
                accept(exchange, found, principal);
            }
            case Admission.Refused(Reply reply) ->
                exchange.send(found.operation().path(), reply);
        }
    }

    private void accept(Exchange exchange, Routes.Found found, Principal principal) {
        Operation operation = found.operation();
        if (!operation.uploads().isEmpty()) {
            acceptUpload(exchange, found, principal);
        } else if (operation.body().isEmpty()) {
            handlers.execute(() -> exchange.send(operation.path(), answer(exchange, found, principal, null, null)));
        } else if (!isJson(exchange.http().getHeader("Content-Type"))) {
            refuseMediaType(exchange, operation, Set.of("application/json"));
        } else {
            acceptJson(exchange, found, principal);
        }
    }

    private void acceptJson(Exchange exchange, Routes.Found found, Principal principal) {
        Operation operation = found.operation();
        int limit = Math.max(limits.body(), operation.bodyLimit());
        int length = lengthToKeep(exchange.http(), limit);
        long held = length <= LARGE_JSON ? 0 : Math.min((long) COPIES_OF_JSON * length, limits.upload());
        Buffer body = Buffer.buffer();
        place(exchange, operation, principal, held)
                .ifPresent(place -> read(exchange, operation, limit, body::appendBuffer, place::giveBack, () -> {
                    try {
                        return answer(exchange, found, principal, body.getBytes(), null);
                    } finally {
                        place.giveBack();
                    }
                }));
    }

    /** Room for so many bytes until the request has ended; empty where it was refused for want of it. */
    private Optional<UploadRoom.Place> place(Exchange exchange, Operation operation, Principal principal, long bytes) {
        Optional<UploadRoom.Place> place = room.take(principal.tenantId(), bytes);
        place.ifPresentOrElse(
                taken -> exchange.http().end().onFailure(_ -> taken.giveBack()),
                () -> exchange.send(
                        operation.path(),
                        new Problem(503, "uploads_busy", "too much is being sent just now; try again soon").reply()));
        return place;
    }

    /** Nobody's upload is held in memory before there is room for all of it. */
    private void acceptUpload(Exchange exchange, Routes.Found found, Principal principal) {
        Operation operation = found.operation();
        HttpServerRequest http = exchange.http();
        String mediaType = mediaType(http.getHeader("Content-Type"));
        if (!operation.uploads().contains(mediaType)) {
            refuseMediaType(exchange, operation, operation.uploads());
            return;
        }
        int length = lengthToKeep(http, limits.upload());
        Optional<UploadRoom.Place> place = place(exchange, operation, principal, length);
        if (place.isEmpty()) {
            return;
        }
        connections.allow(http, limits.uploadDeadline());
        Arriving body = new Arriving(length);
        Runnable done = () -> {
            body.drop();
            place.get().giveBack();
        };
        http.end().onFailure(ignored -> done.run());
        read(exchange, operation, limits.upload(), body::add, done, () -> {
            try {
                Upload upload = new Upload(mediaType, body.bytes(), body.length());
                return answer(exchange, found, principal, null, upload);
            } finally {
                done.run();
            }
        });
    }

    /** Of what says that it is larger than {@code most} nothing is kept, of what does not say it as much as that. */
    private static int lengthToKeep(HttpServerRequest http, int most) {
        try {
            long declared = Long.parseLong(http.getHeader(HttpHeaders.CONTENT_LENGTH));
            return declared > most ? 0 : (int) Math.max(0, declared);
        } catch (NumberFormatException e) {
            return most;
        }
    }

    private void refuseMediaType(Exchange exchange, Operation operation, Set<String> taken) {
        String types = String.join(" or ", new TreeSet<>(taken));
        Problem problem =
                new Problem(415, "unsupported_media_type", "the body must be sent with Content-Type: " + types);
        exchange.send(operation.path(), problem.reply());
    }

    /**
     * Has the body kept on the event loop, and answered on a virtual thread.
     *
     * @param keep gets what comes, up to the limit
     * @param dropped told when it is too large
     */
    private void read(
            Exchange exchange,
            Operation operation,
            int limit,
            Consumer<Buffer> keep,
            Runnable dropped,
            Supplier<Reply> answer) {
        HttpServerRequest http = exchange.http();
        Runnable tooLarge = () -> {
            dropped.run();
            Problem problem = new Problem(413, "body_too_large", "the body must have at most " + limit + " bytes");
            exchange.send(operation.path(), problem.reply());
        };
        long[] received = {0};
        http.handler(chunk -> {
            received[0] += chunk.length();
            if (received[0] <= limit) {
                keep.accept(chunk);
            } else if (received[0] > limit + MOST_DISCARDED && !http.response().ended()) {
                http.response().putHeader("Connection", "close");
                tooLarge.run();
                http.connection().close();
            }
        });
        http.endHandler(ignored -> {
            if (http.response().ended()) {
                return;
            }
            if (received[0] > limit) {
                tooLarge.run();
            } else {
                handlers.execute(() -> exchange.send(operation.path(), answer.get()));
            }
        });
    }

    private static Reply answer(
            Exchange exchange, Routes.Found found, Principal principal, byte[] body, Upload upload) {
        LogContext.enter(found.path().get("job_id"), exchange.span().traceId());
        MultiMap query;
        try {
            query = exchange.http().query() == null
                    ? MultiMap.caseInsensitiveMultiMap()
                    : exchange.http().params();
        } catch (IllegalArgumentException e) {
            return new Problem(400, "malformed_query", "the query string is not percent-encoded UTF-8").reply();
        }
        return Call.run(
                found,
                principal,
                query,
                exchange.http().headers(),
                body,
                upload,
                exchange.span().traceparent());
    }

    /** Without parameters and in lower case; empty where there is none. */
    private static String mediaType(String contentType) {
        return contentType == null ? "" : contentType.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
    }

    private static boolean isJson(String contentType) {
        if (contentType == null) {
            return false;
        }
        String[] parts = contentType.toLowerCase(Locale.ROOT).split(";");
        if (!mediaType(contentType).equals("application/json")) {
            return false;
        }
        for (int i = 1; i < parts.length; i++) {
            String parameter = parts[i].strip().replace("\"", "");
            if (parameter.startsWith("charset=") && !parameter.equals("charset=utf-8")) {
                return false;
            }
        }
        return true;
    }

    private void observe(String route, String method, int status, long startedAt) {
        timers.computeIfAbsent(
                        new TimerKey(route, method, status),
                        key -> Timer.builder("safelight.http.requests")
                                .description("From the head of a request to its reply")
                                .tag("route", key.route())
                                .tag("method", key.method())
                                .tag("status", Integer.toString(key.status()))
                                .serviceLevelObjectives(BUCKETS)
                                .register(meters))
                .record(System.nanoTime() - startedAt, TimeUnit.NANOSECONDS);
    }

    static <T> T await(Future<T> future) throws IOException {
        try {
            return future.toCompletionStage().toCompletableFuture().get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause().getMessage(), e.getCause());
        }
    }
}
