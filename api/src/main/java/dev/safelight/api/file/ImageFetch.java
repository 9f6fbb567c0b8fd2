package dev.safelight.api.file;

import dev.safelight.common.outbound.OutboundRules;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.net.TrustOptions;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Fetches an image that a client has elsewhere, under the rules of {@link OutboundRules}: once, from the address that was
 * judged, for a bounded time, up to a bounded size, following nothing.
 */
public final class ImageFetch implements AutoCloseable {
    /** Each may hold as many bytes as the largest upload. */
    private static final int AT_ONCE = 4;

    private static final int OK = 200;

    private final OutboundRules rules;
    private final int most;
    private final Duration timeout;
    private final HttpClient http;
    private final Semaphore places = new Semaphore(AT_ONCE, true);
    /** A lookup blocks its thread for as long as the name service likes. */
    private final ExecutorService lookups = Executors.newFixedThreadPool(
            AT_ONCE, Thread.ofPlatform().name("image-lookup-", 0).daemon().factory());

    /**
     * @param most bytes of an image
     * @param timeout from the first look to the last byte
     */
    public ImageFetch(Vertx vertx, OutboundRules rules, int most, Duration timeout) {
        this(vertx, rules, most, timeout, Optional.empty());
    }

    /** @param trust certificates that are accepted; empty for those that the JVM accepts */
    ImageFetch(Vertx vertx, OutboundRules rules, int most, Duration timeout, Optional<TrustOptions> trust) {
        this.rules = rules;
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

    /** @throws UnusableImage when the URL may not be used, or nothing useful comes of it */
    byte[] get(String url) throws UnusableImage, InterruptedException {
        return switch (rules.examine(url)) {
            case OutboundRules.Refused(String code, String reason) ->
                throw UnusableImage.unreachable("the URL " + reason);
            case OutboundRules.Plausible plausible -> {
                if (!plausible.tls() && !rules.trusts(plausible)) {
                    throw UnusableImage.unreachable("the URL must begin with https://");
                }
                yield get(plausible, System.nanoTime() + timeout.toNanos());
            }
        };
    }

    private byte[] get(OutboundRules.Plausible url, long deadline) throws UnusableImage, InterruptedException {
        if (!places.tryAcquire(left(deadline), TimeUnit.NANOSECONDS)) {
            throw UnusableImage.unreachable("too many images are being fetched; try again soon");
        }
        Future<OutboundRules.Resolution> lookup = lookups.submit(() -> rules.resolve(url));
        try {
            return switch (lookup.get(left(deadline), TimeUnit.NANOSECONDS)) {
                case OutboundRules.Unreachable(String code, String reason) -> throw UnusableImage.unreachable(reason);
                case OutboundRules.Resolved(InetAddress address) -> exchange(url, address, deadline);
            };
        } catch (TimeoutException e) {
            throw late();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        } finally {
            lookup.cancel(true);
            places.release();
        }
    }

    private byte[] exchange(OutboundRules.Plausible url, InetAddress address, long deadline)
            throws UnusableImage, InterruptedException {
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
        Reading reading = new Reading();
        http.request(options)
                .onSuccess(request -> reading.send(request, url.host()))
                .onFailure(failure -> reading.fail(url.host()));
        try {
            return reading.bytes.get(left(deadline), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw late();
        } catch (ExecutionException e) {
            throw UnusableImage.unreachable(e.getCause().getMessage());
        } finally {
            reading.end();
        }
    }

    /** One request and what came of its reply. Everything but {@link #end} happens on the event loop. */
    private final class Reading {
        final CompletableFuture<byte[]> bytes = new CompletableFuture<>();
        private final ByteArrayOutputStream body = new ByteArrayOutputStream();
        private volatile HttpClientRequest request;
        private volatile boolean ended;

        /** Says who takes the reply before there can be one: what of it nobody takes as it comes is lost. */
        void send(HttpClientRequest opened, String host) {
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

        void take(HttpClientResponse reply) {
            reply.exceptionHandler(failure -> refuse("the connection broke before the image was whole"));
            if (reply.statusCode() != OK) {
                refuse("the server answered " + reply.statusCode()
                        + (reply.statusCode() / 100 == 3 ? "; redirects are not followed" : ""));
                return;
            }
            reply.handler(this::append);
            reply.endHandler(end -> bytes.complete(body.toByteArray()));
        }

        private void append(Buffer chunk) {
            if (body.size() + chunk.length() > most) {
                refuse("the image has more than " + most + " bytes");
            } else {
                body.writeBytes(chunk.getBytes());
            }
        }

        void refuse(String reason) {
            if (bytes.completeExceptionally(new IllegalStateException(reason)) && request != null) {
                request.reset();
            }
        }

        /** Whatever else would come, nobody reads it. */
        void end() {
            ended = true;
            if (request != null && !bytes.isDone()) {
                request.reset();
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
        lookups.shutdownNow();
        http.close();
    }
}
