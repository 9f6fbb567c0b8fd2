package dev.safelight.api.file;

import dev.safelight.api.http.Arriving;
import dev.safelight.api.http.UploadRoom;
import dev.safelight.api.outbound.Lookups;
import dev.safelight.api.outbound.TenantShares;
import dev.safelight.common.outbound.OutboundRules;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.net.TrustOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Fetches an image that a client has elsewhere, under the rules of {@link OutboundRules}: once, from the address that was
 * judged, for a bounded time, up to a bounded size, following nothing.
 */
public final class ImageFetch implements AutoCloseable {
    /** A server that never answers holds one until the timeout; how many bytes they hold, {@link UploadRoom} bounds. */
    private static final int AT_ONCE = 16;
    /** It takes four tenants with servers that never answer to hold up the others. */
    private static final int OF_A_TENANT = 4;

    private static final int OK = 200;

    private final OutboundRules rules;
    private final int most;
    private final Duration timeout;
    private final HttpClient http;
    private final UploadRoom room;
    private final Semaphore places = new Semaphore(AT_ONCE, true);
    private final TenantShares shares = new TenantShares(OF_A_TENANT);
    private final Lookups lookups;

    /** What is done with an image while its bytes count as held. */
    interface Use<T> {
        T of(Bytes file) throws UnusableImage, IOException, InterruptedException;
    }

    /**
     * @param room for what is fetched
     * @param most bytes of an image
     * @param timeout from the first look to the last byte
     */
    public ImageFetch(Vertx vertx, OutboundRules rules, UploadRoom room, int most, Duration timeout) {
        this(vertx, rules, room, most, timeout, Optional.empty());
    }

    /** @param trust certificates that are accepted; empty for those that the JVM accepts */
    ImageFetch(
            Vertx vertx,
            OutboundRules rules,
            UploadRoom room,
            int most,
            Duration timeout,
            Optional<TrustOptions> trust) {
        this.rules = rules;
        this.room = room;
        this.lookups = new Lookups(rules, "image-lookup-", AT_ONCE, OF_A_TENANT);
        this.most = most;
        this.timeout = timeout;
        HttpClientOptions options = new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_1_1)
                .setKeepAlive(false)
                .setDecompressionSupported(false)
                .setVerifyHost(true)
                .setForceSni(true);
        trust.ifPresent(options::setTrustOptions);
        this.http = vertx.httpClientBuilder()
                .with(options)
                .withConnectHandler(connection -> connection.exceptionHandler(failure -> {}))
                .build();
    }

    /**
     * Fetches it and has it used.
     *
     * @param use what is to be done before others are fetched in its place
     * @throws UnusableImage when the URL may not be used, or nothing useful comes of it
     * @throws FetchesBusy when its turn did not come in time
     */
    <T> T get(String tenantId, String url, Use<T> use)
            throws UnusableImage, FetchesBusy, IOException, InterruptedException {
        return switch (rules.examine(url)) {
            case OutboundRules.Refused(String code, String reason) ->
                throw UnusableImage.unreachable("the URL " + reason);
            case OutboundRules.Plausible plausible -> {
                if (!plausible.tls() && !rules.trusts(plausible)) {
                    throw UnusableImage.unreachable("the URL must begin with https://");
                }
                yield inTurn(tenantId, plausible, System.nanoTime() + timeout.toNanos(), use);
            }
        };
    }

    /** First the tenant's own turn, then the turn among all: so nobody's many fetches stand in line before the others'. */
    private <T> T inTurn(String tenantId, OutboundRules.Plausible url, long deadline, Use<T> use)
            throws UnusableImage, FetchesBusy, IOException, InterruptedException {
        if (!shares.tryAcquire(tenantId, left(deadline))) {
            throw new FetchesBusy();
        }
        try {
            if (!places.tryAcquire(left(deadline), TimeUnit.NANOSECONDS)) {
                throw new FetchesBusy();
            }
            try {
                return exchange(tenantId, url, address(tenantId, url, deadline), deadline, use);
            } finally {
                places.release();
            }
        } finally {
            shares.release(tenantId);
        }
    }

    private InetAddress address(String tenantId, OutboundRules.Plausible url, long deadline)
            throws UnusableImage, FetchesBusy, InterruptedException {
        return switch (lookups.resolve(tenantId, url, deadline)) {
            case Lookups.Answered(OutboundRules.Resolved(InetAddress address)) -> address;
            case Lookups.Answered(OutboundRules.Unreachable(String code, String reason)) ->
                throw UnusableImage.unreachable(reason);
            case Lookups.Silent() -> throw late();
            case Lookups.NotAsked() -> throw new FetchesBusy();
        };
    }

    private <T> T exchange(String tenantId, OutboundRules.Plausible url, InetAddress address, long deadline, Use<T> use)
            throws UnusableImage, FetchesBusy, IOException, InterruptedException {
        RequestOptions options = new RequestOptions()
                .setMethod(HttpMethod.GET)
                .setServer(SocketAddress.inetSocketAddress(new InetSocketAddress(address, url.port())))
                .setHost(url.host())
                .setPort(url.port())
                .setSsl(url.tls())
                .setURI(url.target())
                .setFollowRedirects(false)
                .setConnectTimeout(TimeUnit.NANOSECONDS.toMillis(left(deadline)))
                .putHeader("Accept", "image/png, image/jpeg, image/webp")
                .putHeader("User-Agent", "Safelight");
        Reading reading = new Reading(tenantId);
        http.request(options)
                .onSuccess(request -> reading.send(request, url.host()))
                .onFailure(failure -> reading.fail(url.host()));
        try {
            return use.of(reading.file.get(left(deadline), TimeUnit.NANOSECONDS));
        } catch (TimeoutException e) {
            throw late();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof FetchesBusy busy) {
                throw busy;
            }
            throw UnusableImage.unreachable(e.getCause().getMessage());
        } finally {
            reading.end();
        }
    }

    /** One request and what came of its reply. Everything but {@link #end} happens on the event loop. */
    private final class Reading {
        final CompletableFuture<Bytes> file = new CompletableFuture<>();
        private final String tenantId;
        private HttpClientRequest request;
        private UploadRoom.Place place;
        private boolean ended;

        Reading(String tenantId) {
            this.tenantId = tenantId;
        }

        /** Says who takes the reply before there can be one: what of it nobody takes as it comes is lost. */
        synchronized void send(HttpClientRequest opened, String host) {
            request = opened;
            opened.exceptionHandler(failure -> {});
            if (ended) {
                opened.reset();
                return;
            }
            opened.response().onSuccess(this::take).onFailure(failure -> fail(host));
            opened.send();
        }

        void fail(String host) {
            refuse("the image could not be fetched from " + host);
        }

        synchronized void take(HttpClientResponse reply) {
            if (ended) {
                request.reset();
                return;
            }
            reply.exceptionHandler(failure -> refuse("the connection broke before the image was whole"));
            if (reply.statusCode() != OK) {
                refuse("the server answered " + reply.statusCode()
                        + (reply.statusCode() / 100 == 3 ? "; redirects are not followed" : ""));
                return;
            }
            long declared = declared(reply);
            if (declared > most) {
                refuse(tooLarge());
                return;
            }
            Optional<UploadRoom.Place> taken = room.take(tenantId, declared);
            if (taken.isEmpty()) {
                refuse(new FetchesBusy());
                return;
            }
            place = taken.get();
            Arriving body = new Arriving((int) declared);
            long[] received = {0};
            reply.handler(chunk -> {
                received[0] += chunk.length();
                if (received[0] > most) {
                    refuse(tooLarge());
                } else {
                    body.add(chunk);
                }
            });
            reply.endHandler(end -> file.complete(new Bytes(body.bytes(), body.length())));
        }

        /** Of a server that does not say it may come as much as we take. */
        private long declared(HttpClientResponse reply) {
            try {
                return Math.max(0, Long.parseLong(reply.getHeader(HttpHeaders.CONTENT_LENGTH)));
            } catch (NumberFormatException e) {
                return most;
            }
        }

        private String tooLarge() {
            return "the image has more than " + most + " bytes";
        }

        private void refuse(String reason) {
            refuse(new IllegalStateException(reason));
        }

        private synchronized void refuse(Exception why) {
            if (file.completeExceptionally(why) && request != null) {
                request.reset();
            }
        }

        /** Whatever else would come, nobody reads it, and what came is no longer held. */
        synchronized void end() {
            ended = true;
            if (request != null && !file.isDone()) {
                request.reset();
            }
            if (place != null) {
                place.giveBack();
            }
        }
    }

    private UnusableImage late() {
        return UnusableImage.unreachable("the image did not come within " + timeout.toMillis() / 1000.0 + " s");
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
