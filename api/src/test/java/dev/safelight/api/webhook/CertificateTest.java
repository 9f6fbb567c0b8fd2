package dev.safelight.api.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.outbound.OutboundRules;
import dev.safelight.common.outbound.OutboundSettings;
import dev.safelight.common.outbound.Resolver;
import dev.safelight.embedded.testing.TestServers;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.PfxOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
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

    private static Path certificate;
    private static HttpServer server;

    @BeforeAll
    static void serve() throws Exception {
        Path folder = TestServers.newFolder("certificate");
        String store = folder.resolve("store.p12").toString();
        certificate = folder.resolve("certificate.pem");
        keytool("-genkeypair", "-keyalg", "EC", "-dname", "CN=test", "-ext", "san=dns:hooks.example.com", store);
        keytool("-exportcert", "-rfc", "-file", certificate.toString(), store);
        server = VERTX.createHttpServer(new HttpServerOptions()
                        .setHost("127.0.0.1")
                        .setPort(0)
                        .setSsl(true)
                        .setSni(true)
                        .setKeyCertOptions(new PfxOptions().setPath(store).setPassword("password")))
                .requestHandler(request -> {
                    SEEN.add(request.connection().indicatedServerName() + " " + request.getHeader("Host"));
                    request.response().end("ok");
                })
                .listen()
                .toCompletionStage()
                .toCompletableFuture()
                .get();
    }

    private static void keytool(String command, String... more) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(), command));
        words.addAll(List.of(more).subList(0, more.length - 1));
        words.addAll(List.of("-alias", "a", "-storepass", "password", "-keystore", more[more.length - 1]));
        assertThat(new ProcessBuilder(words).inheritIO().start().waitFor()).isZero();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void theNameIsWhatIsAskedForAndVerified() throws Exception {
        try (WebhookClient client = client(Optional.of(new PemTrustOptions().addCertPath(certificate.toString())))) {
            assertThat(client.post(url("hooks.example.com"), Map.of(), new byte[] {1}))
                    .isEqualTo(new Outcome.Replied(200, "ok", Optional.empty()));
            assertThat(SEEN.take()).isEqualTo("hooks.example.com hooks.example.com:" + server.actualPort());
            assertThat(error(client.post(url("other.example.com"), Map.of(), new byte[] {1})))
                    .startsWith("tls_failed: ");
            assertThat(SEEN).isEmpty();
        }
    }

    @Test
    void aCertificateThatNobodySignedIsRefused() throws Exception {
        try (WebhookClient client = client(Optional.empty())) {
            assertThat(error(client.post(url("hooks.example.com"), Map.of(), new byte[] {1})))
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
