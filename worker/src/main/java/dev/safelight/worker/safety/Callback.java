package dev.safelight.worker.safety;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.safelight.common.outbound.OutboundRules;
import dev.safelight.common.sign.Signature;
import dev.safelight.common.sign.SigningSecret;
import dev.safelight.common.wire.Json;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.classic.methods.HttpPost;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.util.Timeout;

/**
 * Asks an HTTP server about a picture, in the manner of Standard Webhooks; the answer is the reply's body. Connects to the
 * address that was judged and follows no redirect. Safe from any thread; blocks the calling one.
 */
final class Callback implements AutoCloseable {
    private static final int AT_ONCE = 16;
    private static final int MOST_BYTES = 64 * 1024;
    private static final int LONGEST_REASON = 500;
    /** A name is looked up again at least this often. */
    private static final Duration CONNECTION_LIFE = Duration.ofMinutes(1);

    private final SafetySettings settings;
    private final OutboundRules.Plausible url;
    private final Clock clock;
    private final CloseableHttpClient http;
    private final ScheduledThreadPoolExecutor deadlines = new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().name("review-deadlines").daemon().factory());

    Callback(SafetySettings settings, OutboundRules.Plausible url, Clock clock) {
        this.settings = settings;
        this.url = url;
        this.clock = clock;
        Timeout timeout = Timeout.of(settings.timeout());
        deadlines.setRemoveOnCancelPolicy(true);
        this.http = HttpClients.custom()
                .setConnectionManager(PoolingHttpClientConnectionManagerBuilder.create()
                        .setDnsResolver(new Judged())
                        .setMaxConnTotal(AT_ONCE)
                        .setMaxConnPerRoute(AT_ONCE)
                        .setDefaultConnectionConfig(ConnectionConfig.custom()
                                .setConnectTimeout(timeout)
                                .setTimeToLive(Timeout.of(CONNECTION_LIFE))
                                .build())
                        .build())
                .setDefaultRequestConfig(RequestConfig.custom()
                        .setResponseTimeout(timeout)
                        .setConnectionRequestTimeout(timeout)
                        .build())
                .setUserAgent("Safelight")
                .disableRedirectHandling()
                .disableAutomaticRetries()
                .disableCookieManagement()
                .disableAuthCaching()
                .disableContentCompression()
                .build();
    }

    /** Only what the rules allow has an address. */
    private final class Judged implements DnsResolver {
        @Override
        public InetAddress[] resolve(String host) throws UnknownHostException {
            return switch (settings.outbound().resolve(url)) {
                case OutboundRules.Resolved(InetAddress address) -> new InetAddress[] {address};
                case OutboundRules.Unreachable(String code, String reason) ->
                    throw new UnknownHostException(code + ": " + reason);
            };
        }

        @Override
        public String resolveCanonicalHostname(String host) {
            return host;
        }
    }

    /** @throws IOException when there is no answer, or none that can be understood */
    Judgement ask(Question question) throws IOException {
        ObjectNode body = Json.MAPPER.createObjectNode();
        body.put("type", "image.review");
        body.set("data", Json.MAPPER.valueToTree(question));
        byte[] bytes = Json.MAPPER.writeValueAsBytes(body);
        HttpPost post = new HttpPost(url.url());
        post.setEntity(new ByteArrayEntity(bytes, ContentType.APPLICATION_JSON));
        long now = clock.instant().getEpochSecond();
        post.setHeader("webhook-id", question.id());
        post.setHeader("webhook-timestamp", now);
        settings.secret().map(List::of).ifPresent(secrets -> sign(post, secrets, question.id(), now, bytes));
        Future<?> deadline = deadlines.schedule(post::cancel, settings.timeout().toMillis(), TimeUnit.MILLISECONDS);
        try {
            return http.execute(post, Callback::read);
        } catch (IOException | RuntimeException e) {
            if (post.isCancelled()) {
                // What a client throws whose request is taken away depends on where it was.
                throw new IOException(
                        "there was no answer within " + settings.timeout().toMillis() + " ms", e);
            }
            throw e;
        } finally {
            deadline.cancel(false);
        }
    }

    private static void sign(HttpPost post, List<SigningSecret> secrets, String id, long now, byte[] body) {
        post.setHeader("webhook-signature", Signature.header(secrets, id, now, body));
    }

    private static Judgement read(ClassicHttpResponse reply) throws IOException {
        if (reply.getCode() != 200) {
            throw new IOException("the server answered " + reply.getCode()
                    + (reply.getCode() / 100 == 3 ? "; redirects are not followed" : ""));
        }
        JsonNode answer;
        try (InputStream body = reply.getEntity() == null
                ? new ByteArrayInputStream(new byte[0])
                : reply.getEntity().getContent()) {
            byte[] bytes = body.readNBytes(MOST_BYTES);
            answer = Json.read(new String(bytes, StandardCharsets.UTF_8), JsonNode.class);
        } catch (UncheckedIOException e) {
            throw new IOException("the answer is no JSON", e);
        }
        String word = answer == null ? "" : answer.path("verdict").asText();
        JsonNode score = answer == null ? null : answer.get("score");
        JsonNode reason = answer == null ? null : answer.get("reason");
        return new Judgement(
                Verdict.of(word)
                        .orElseThrow(
                                () -> new IOException("the answer's verdict is none of pass, flag, blur, withhold")),
                score != null && score.isNumber() ? score.doubleValue() : null,
                reason != null && reason.isTextual() ? plain(reason.textValue()) : null);
    }

    /** What a database and a terminal can take. */
    private static String plain(String text) {
        String clean = text.replaceAll("[\\p{Cntrl}\\s]+", " ").strip();
        return clean.length() > LONGEST_REASON ? clean.substring(0, LONGEST_REASON) : clean;
    }

    @Override
    public void close() {
        deadlines.shutdownNow();
        try {
            http.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
