package dev.safelight.api.webhook;

import dev.safelight.api.outbound.Lookups;
import dev.safelight.common.outbound.OutboundRules;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.net.TrustOptions;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;

/**
 * Posts to a receiver: once, to the address that was judged, for a bounded time, reading a bounded reply, following
 * nothing. The name stays what Host and the certificate are about.
 */
final class WebhookClient implements AutoCloseable {
    /** Most of a reply that anybody gets to see. */
    static final int LONGEST_REPLY = 1_024;
    /** Connections are kept for a burst and not for longer: a receiver closes idle ones, often after five seconds. */
    private static final int KEEP_ALIVE_SECONDS = 2;

    private static final int CONNECTIONS_A_RECEIVER = 256;
    private static final int LOOKUPS = 64;
    /** It takes eight tenants with names that never resolve to hold up the others. */
    private static final int LOOKUPS_OF_A_TENANT = 8;

    private final OutboundRules rules;
    private final Duration timeout;
    private final Clock clock;
    private final HttpClient http;
    private final Lookups lookups;

    /** @param trust certificates that are accepted; empty for those that the JVM accepts */
    WebhookClient(Vertx vertx, OutboundRules rules, Duration timeout, Clock clock, Optional<TrustOptions> trust) {
        this.rules = rules;
        this.timeout = timeout;
        this.clock = clock;
        HttpClientOptions options = new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_1_1)
                .setKeepAliveTimeout(KEEP_ALIVE_SECONDS)
                .setPipelining(false)
                .setDecompressionSupported(false)
                .setVerifyHost(true)
                .setForceSni(true);
        trust.ifPresent(options::setTrustOptions);
        this.http = vertx.httpClientBuilder()
                .with(options)
                .with(new PoolOptions().setHttp1MaxSize(CONNECTIONS_A_RECEIVER))
                // What goes wrong with a connection shows in its request; unheard, it would be logged as an error.
                .withConnectHandler(connection -> connection.exceptionHandler(failure -> {}))
                .build();
        this.lookups = new Lookups(rules, "webhook-lookup-", LOOKUPS, LOOKUPS_OF_A_TENANT);
    }

    /** Blocks for no longer than the timeout. */
    Outcome post(String tenantId, String url, Map<String, String> headers, byte[] body) throws InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        return switch (rules.examine(url)) {
            case OutboundRules.Refused(String code, String reason) ->
                new Outcome.Unanswered(code + ": the URL " + reason);
            case OutboundRules.Plausible plausible -> post(tenantId, plausible, headers, body, deadline);
        };
    }

    private Outcome post(
            String tenantId, OutboundRules.Plausible url, Map<String, String> headers, byte[] body, long deadline)
            throws InterruptedException {
        return switch (lookups.resolve(tenantId, url, deadline)) {
            case Lookups.Answered(OutboundRules.Unreachable(String code, String reason)) ->
                new Outcome.Unanswered(code + ": " + reason);
            case Lookups.Answered(OutboundRules.Resolved(InetAddress address)) ->
                exchange(url, address, headers, body, deadline);
            case Lookups.Silent() ->
                new Outcome.Unanswered("timeout: the name service did not answer within " + seconds());
            case Lookups.NotAsked() ->
                new Outcome.Postponed("lookups_busy: too many names of this tenant are being looked up");
        };
    }

    private Outcome exchange(
            OutboundRules.Plausible url, InetAddress address, Map<String, String> headers, byte[] body, long deadline)
            throws InterruptedException {
        RequestOptions options = new RequestOptions()
                .setMethod(HttpMethod.POST)
                .setServer(SocketAddress.inetSocketAddress(new InetSocketAddress(address, url.port())))
                .setHost(url.host())
                .setPort(url.port())
                .setSsl(url.tls())
                .setURI(url.target())
                .setFollowRedirects(false)
                .setConnectTimeout(TimeUnit.NANOSECONDS.toMillis(left(deadline)));
        headers.forEach(options::putHeader);
        Reading reading = new Reading();
        http.request(options).onSuccess(request -> reading.send(request, body)).onFailure(reading::fail);
        try {
            return reading.outcome.get(left(deadline), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            return reading.giveUp();
        } catch (ExecutionException e) {
            return new Outcome.Unanswered(describe(e.getCause()));
        }
    }

    /** One request and what came back of its reply. Everything but {@link #giveUp} happens on the event loop. */
    private final class Reading {
        final CompletableFuture<Outcome> outcome = new CompletableFuture<>();
        private final ByteArrayOutputStream body = new ByteArrayOutputStream();
        private volatile HttpClientRequest request;
        private volatile HttpClientResponse response;
        private volatile boolean givenUp;

        /** Says who takes the reply before there can be one: what of it nobody takes as it comes is lost. */
        void send(HttpClientRequest opened, byte[] bytes) {
            request = opened;
            opened.exceptionHandler(failure -> {});
            if (givenUp) {
                opened.reset();
                return;
            }
            opened.response().onSuccess(this::take).onFailure(this::fail);
            opened.send(Buffer.buffer(bytes));
        }

        void take(HttpClientResponse head) {
            response = head;
            head.handler(this::append);
            head.endHandler(end -> complete());
            // The status is known, and it is the status that counts.
            head.exceptionHandler(failure -> complete());
        }

        void fail(Throwable failure) {
            outcome.completeExceptionally(failure);
        }

        private synchronized void append(Buffer chunk) {
            int room = LONGEST_REPLY - body.size();
            body.writeBytes(chunk.getBytes(0, Math.min(room, chunk.length())));
            if (body.size() == LONGEST_REPLY) {
                complete();
                // Whatever else it has to say, nobody reads it.
                request.reset();
            }
        }

        private void complete() {
            outcome.complete(replied());
        }

        private synchronized Outcome replied() {
            return new Outcome.Replied(
                    response.statusCode(),
                    text(body.toByteArray()),
                    RetryAfter.parse(response.getHeader("Retry-After"), clock.instant()));
        }

        /** The time is over; a reply whose head has come is a reply. */
        Outcome giveUp() {
            givenUp = true;
            Outcome late =
                    response == null ? new Outcome.Unanswered("timeout: no reply within " + seconds()) : replied();
            if (request != null) {
                request.reset();
            }
            return late;
        }
    }

    /** Postgres takes no NUL; whatever is no UTF-8 shows as such. */
    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8).replace('\0', '\uFFFD');
    }

    private static String describe(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SSLException) {
                return "tls_failed: " + firstLine(cause);
            }
        }
        return "connection_failed: " + firstLine(failure);
    }

    private static String firstLine(Throwable failure) {
        String message = failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
        String line = message.lines().findFirst().orElse("");
        return line.length() > 200 ? line.substring(0, 200) : line;
    }

    private String seconds() {
        return timeout.toMillis() / 1000.0 + " s";
    }

    private static long left(long deadline) {
        return Math.max(1_000_000, deadline - System.nanoTime());
    }

    @Override
    public void close() {
        lookups.close();
        http.close();
    }
}
