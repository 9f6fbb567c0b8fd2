package dev.safelight.api.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.api.TestCertificate;
import dev.safelight.common.outbound.OutboundRules;
import dev.safelight.common.outbound.OutboundSettings;
import dev.safelight.common.outbound.Resolver;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import java.net.InetAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A connection goes to a judged address; what the certificate must be about, and what is asked for, stays the name. */
class CertificateTest {
    private static final Vertx VERTX = Vertx.vertx();
    private static final Resolver LOOPBACK = host -> List.of(InetAddress.getLoopbackAddress());
    private static final BlockingQueue<String> SEEN = new LinkedBlockingQueue<>();

    private static TestCertificate certificate;
    private static HttpServer server;

    @BeforeAll
    static void serve() throws Exception {
        certificate = TestCertificate.of("hooks.example.com");
        server = certificate.serve(VERTX, request -> {
            SEEN.add(request.connection().indicatedServerName() + " " + request.getHeader("Host"));
            request.response().end("ok");
        });
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void theNameIsWhatIsAskedForAndVerified() throws Exception {
        try (WebhookClient client = client(Optional.of(certificate.trust()))) {
            assertThat(client.post("default", url("hooks.example.com"), Map.of(), new byte[] {1}))
                    .isEqualTo(new Outcome.Replied(200, "ok", Optional.empty()));
            assertThat(SEEN.take()).isEqualTo("hooks.example.com hooks.example.com:" + server.actualPort());
            assertThat(error(client.post("default", url("other.example.com"), Map.of(), new byte[] {1})))
                    .startsWith("tls_failed: ");
            assertThat(SEEN).isEmpty();
        }
    }

    @Test
    void aCertificateThatNobodySignedIsRefused() throws Exception {
        try (WebhookClient client = client(Optional.empty())) {
            assertThat(error(client.post("default", url("hooks.example.com"), Map.of(), new byte[] {1})))
                    .startsWith("tls_failed: ");
        }
    }

    private static String error(Outcome outcome) {
        return ((Outcome.Unanswered) outcome).error();
    }

    private static String url(String host) {
        return "https://" + host + ":" + server.actualPort() + "/";
    }

    private static WebhookClient client(Optional<io.vertx.core.net.TrustOptions> trust) {
        OutboundSettings settings = OutboundSettings.of(OutboundSettings.ports("any"), List.of("127.0.0.1"));
        return new WebhookClient(
                VERTX, new OutboundRules(settings, LOOPBACK), Duration.ofSeconds(10), Clock.systemUTC(), trust);
    }
}
