package dev.safelight.api.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.safelight.api.TestCertificate;
import dev.safelight.common.outbound.OutboundRules;
import dev.safelight.common.outbound.OutboundSettings;
import dev.safelight.common.outbound.Resolver;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.net.TrustOptions;
import java.awt.image.BufferedImage;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Over TLS the connection goes to the judged address, and the certificate has to be about the name. */
class ImageFetchTest {
    private static final Vertx VERTX = Vertx.vertx();
    private static final byte[] PNG = Images.png(Images.picture(20, 10, BufferedImage.TYPE_INT_RGB));
    private static final BlockingQueue<String> SEEN = new LinkedBlockingQueue<>();

    private static TestCertificate certificate;
    private static HttpServer server;

    @BeforeAll
    static void serve() throws Exception {
        certificate = TestCertificate.of("pictures.example.com");
        server = certificate.serve(VERTX, request -> {
            SEEN.add(request.connection().indicatedServerName() + " " + request.uri());
            request.response().end(Buffer.buffer(PNG));
        });
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void theNameIsWhatTheCertificateMustBeAbout() throws Exception {
        try (ImageFetch fetch = fetch(List.of("127.0.0.1"), Optional.of(certificate.trust()))) {
            assertThat(fetch.get(url("pictures.example.com"))).isEqualTo(PNG);
            assertThat(SEEN.take()).isEqualTo("pictures.example.com /a.png?size=1");
            refused(fetch, "other.example.com", "could not be fetched from other.example.com");
        }
    }

    @Test
    void aCertificateThatNobodySignedIsRefused() {
        try (ImageFetch fetch = fetch(List.of("127.0.0.1"), Optional.empty())) {
            refused(fetch, "pictures.example.com", "could not be fetched from pictures.example.com");
        }
    }

    /** What a name stands for is judged, not the name. */
    @Test
    void aNameThatLeadsInsideIsRefused() {
        try (ImageFetch fetch = fetch(List.of(), Optional.of(certificate.trust()))) {
            refused(fetch, "pictures.example.com", "loopback");
        }
    }

    private static void refused(ImageFetch fetch, String host, String reason) {
        assertThatThrownBy(() -> fetch.get(url(host)))
                .isInstanceOfSatisfying(
                        UnusableImage.class,
                        refusal -> assertThat(refusal.code()).isEqualTo("image_unreachable"))
                .hasMessageContaining(reason);
        assertThat(SEEN).isEmpty();
    }

    private static String url(String host) {
        return "https://" + host + ":" + server.actualPort() + "/a.png?size=1";
    }

    private static ImageFetch fetch(List<String> allowed, Optional<TrustOptions> trust) {
        Resolver loopback = host -> List.of(InetAddress.getLoopbackAddress());
        OutboundSettings settings = OutboundSettings.of(OutboundSettings.ports("any"), allowed);
        return new ImageFetch(VERTX, new OutboundRules(settings, loopback), 100_000, Duration.ofSeconds(10), trust);
    }
}
