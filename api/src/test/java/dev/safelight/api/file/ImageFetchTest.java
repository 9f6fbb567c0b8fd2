package dev.safelight.api.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.safelight.api.TestCertificate;
import dev.safelight.api.http.UploadRoom;
import dev.safelight.common.outbound.OutboundRules;
import dev.safelight.common.outbound.OutboundSettings;
import dev.safelight.common.outbound.Resolver;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.net.TrustOptions;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
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
            assertThat(fetch.<byte[]>get(
                            "a", url("pictures.example.com"), file -> Arrays.copyOf(file.all(), file.length())))
                    .isEqualTo(PNG);
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

    /** Whoever holds what was fetched counts, and in his own line. */
    @Test
    void oneTenantsImagesThatGetNoFurtherHoldUpNobodyElses() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        CountDownLatch held = new CountDownLatch(4);
        try (ImageFetch fetch = fetch(List.of("127.0.0.1"), Optional.of(certificate.trust()))) {
            List<Thread> waiting = new ArrayList<>();
            AtomicInteger done = new AtomicInteger();
            for (int i = 0; i < 20; i++) {
                waiting.add(Thread.startVirtualThread(() -> {
                    try {
                        fetch.get("a", url("pictures.example.com"), file -> {
                            held.countDown();
                            over.await();
                            return done.incrementAndGet();
                        });
                    } catch (UnusableImage | FetchesBusy | IOException | InterruptedException e) {
                        // Of those behind the fourth the time may be over before it is their turn.
                    }
                }));
            }
            held.await();
            assertThat(done).hasValue(0);
            assertThat(SEEN).as("nothing is fetched that cannot be used yet").hasSize(4);
            SEEN.clear();
            assertThat(fetch.<Integer>get("b", url("pictures.example.com"), Bytes::length))
                    .isEqualTo(PNG.length);
            over.countDown();
            for (Thread thread : waiting) {
                thread.join();
            }
            assertThat(done.get()).isGreaterThanOrEqualTo(4);
        } finally {
            over.countDown();
            SEEN.clear();
        }
    }

    /** Bytes that are held count, whoever fetched or uploaded them. */
    @Test
    void anImageIsReadOnlyWhereThereIsRoomForIt() throws Exception {
        UploadRoom room = new UploadRoom(100_000);
        try (ImageFetch fetch = fetch(room, List.of("127.0.0.1"), Optional.of(certificate.trust()))) {
            UploadRoom.Place place = room.take("a", 3 * 100_000).orElseThrow();
            assertThat(room.take("a", 1)).as("the last quarter is for others").isEmpty();
            assertThatThrownBy(() -> fetch.get("a", url("pictures.example.com"), file -> file))
                    .isInstanceOf(FetchesBusy.class);
            assertThat(fetch.<Boolean>get(
                            "b",
                            url("pictures.example.com"),
                            file -> room.take("b", 100_000).isEmpty()))
                    .as("what is fetched takes room until it has been used")
                    .isTrue();
            place.giveBack();
            assertThat(fetch.<Integer>get("a", url("pictures.example.com"), Bytes::length))
                    .isEqualTo(PNG.length);
            assertThat(room.take("a", 3 * 100_000)).isPresent();
            assertThat(room.take("b", 100_000)).isPresent();
            assertThat(room.take("c", 1)).isEmpty();
        } finally {
            SEEN.clear();
        }
    }

    private static void refused(ImageFetch fetch, String host, String reason) {
        assertThatThrownBy(() -> fetch.get("a", url(host), file -> file))
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
        return fetch(new UploadRoom(100_000), allowed, trust);
    }

    private static ImageFetch fetch(UploadRoom room, List<String> allowed, Optional<TrustOptions> trust) {
        Resolver loopback = host -> List.of(InetAddress.getLoopbackAddress());
        OutboundSettings settings = OutboundSettings.of(OutboundSettings.ports("any"), allowed);
        OutboundRules rules = new OutboundRules(settings, loopback);
        return new ImageFetch(VERTX, rules, room, 100_000, Duration.ofSeconds(10), trust);
    }
}
