package dev.safelight.worker.safety;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.config.InvalidSettings;
import dev.safelight.common.config.Settings;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.outbound.OutboundRules;
import dev.safelight.common.outbound.OutboundSettings;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.sign.Signature;
import dev.safelight.common.sign.SigningSecret;
import dev.safelight.worker.decode.Picture;
import dev.safelight.worker.output.Origin;
import dev.safelight.worker.safety.Reviewer.Answer;
import dev.safelight.worker.store.Review;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is asked about pictures, and what becomes of them: with a real server. */
@Timeout(60)
class SafetyTest {
    private static final JobKey JOB = new JobKey("acme", UUID.fromString("01a211c0-33a7-7403-8edc-3d9af6fb9794"));
    private static final Origin ORIGIN = new Origin(
            "tiny",
            "version",
            new GenerationInput(
                    null, "ddim", 4, 1.0, 7L, 3, "trailing", false, Map.of("prompt", "a fox, a hen\nand \"corn\"")));
    private static final List<Picture> PICTURES = IntStream.range(0, 3)
            .mapToObj(i -> new Picture(8, 8, 1, grey(60 * i)))
            .toList();
    private static final Clock CLOCK = Clock.fixed(Instant.ofEpochSecond(1_764_054_000), ZoneOffset.UTC);

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private Reviewer reviewer;

    private static byte[] grey(int brightness) {
        byte[] pixels = new byte[64];
        for (int i = 0; i < 64; i++) {
            pixels[i] = (byte) (brightness + i);
        }
        return pixels;
    }

    @BeforeEach
    void open() throws IOException {
        reviewer = new Reviewer();
    }

    @AfterEach
    void close() {
        reviewer.close();
    }

    @Test
    void eachPictureIsAskedAboutOnceUnderAStableIdAndSigned() throws Exception {
        reviewer.says("pass");
        Reviewed reviewed = review(Map.of());
        assertThat(reviewed.reviews()).isEmpty();
        assertThat(reviewed.pictures().values()).containsExactlyElementsOf(PICTURES);
        assertThat(reviewer.asked())
                .extracting(Reviewer.Asked::id)
                .containsExactlyInAnyOrder(JOB.jobId() + "-0", JOB.jobId() + "-1", JOB.jobId() + "-2");
        for (Reviewer.Asked asked : reviewer.asked()) {
            assertThat(asked.headers().get("webhook-timestamp")).isEqualTo("1764054000");
            assertThat(asked.headers().get("webhook-signature"))
                    .isEqualTo(Signature.header(
                            List.of(SigningSecret.parse(Reviewer.SECRET).orElseThrow()),
                            asked.id(),
                            1_764_054_000,
                            asked.body()));
            assertThat(asked.data().get("tenant").asText()).isEqualTo("acme");
            assertThat(asked.data().get("seed").asLong()).isEqualTo(7 + asked.index());
            assertThat(asked.data().at("/input/prompt").asText()).isEqualTo("a fox, a hen\nand \"corn\"");
            assertThat(asked.data().has("score")).isFalse();
            var image = ImageIO.read(
                    new ByteArrayInputStream(asked.data().at("/image/data").binaryValue()));
            assertThat(image.getRaster().getSample(1, 0, 0)).isEqualTo(60 * asked.index() + 1);
        }
        assertThat(counted("pass")).isEqualTo(3);
    }

    @Test
    void eachPictureGetsItsOwnVerdict() throws Exception {
        reviewer.answers(asked -> new Answer(
                200,
                List.of(
                                "{\"verdict\": \"flag\", \"score\": 0.25, \"reason\": \"odd\\u0000 \\n hat\"}",
                                "{\"verdict\": \"withhold\", \"more\": [1]}",
                                "{\"verdict\": \"blur\", \"score\": \"high\"}")
                        .get(asked.index())));
        Reviewed reviewed = review(Map.of());
        assertThat(reviewed.reviews())
                .containsExactly(
                        new Review(0, "flagged", 0.25, "odd hat", 7),
                        new Review(1, "withheld", null, null, 8),
                        new Review(2, "blurred", null, null, 9));
        assertThat(reviewed.pictures()).containsOnlyKeys(0, 2);
        assertThat(reviewed.pictures().get(0)).isSameAs(PICTURES.get(0));
        assertThat(reviewed.pictures().get(2).pixels())
                .isNotEqualTo(PICTURES.get(2).pixels());
        assertThat(counted("flag")).isOne();
        assertThat(counted("withhold")).isOne();
    }

    @Test
    void theSevererOfNetworkAndServerCounts() throws Exception {
        Manifest.Safety rule = new Manifest.Safety(0.5, "blur");
        reviewer.answers(asked -> new Answer(
                200,
                List.of("{\"verdict\": \"flag\"}", "{\"verdict\": \"withhold\"}", "{\"verdict\": \"pass\"}")
                        .get(asked.index())));
        double[] scores = {0.5, 0.9, 0.49};
        assertThat(review(Map.of(), rule, scores).reviews())
                .containsExactly(new Review(0, "blurred", 0.5, null, 7), new Review(1, "withheld", null, null, 8));
        assertThat(reviewer.asked())
                .extracting(asked -> asked.data().get("score").doubleValue())
                .containsExactlyInAnyOrder(0.5, 0.9, 0.49);
        // What is withheld anyway leaves the house for nobody; a score that is no number is an objection.
        reviewer.says("pass");
        assertThat(review(Map.of(), new Manifest.Safety(0.8, "withhold"), new double[] {0.7, 0.8, Double.NaN})
                        .reviews())
                .containsExactly(new Review(1, "withheld", 0.8, null, 8), new Review(2, "withheld", null, null, 9));
        assertThat(reviewer.asked()).extracting(Reviewer.Asked::index).containsExactly(0);
    }

    @Test
    void aServerThatFailsTwiceIsAskedAThirdTime() throws Exception {
        ConcurrentHashMap<Integer, Integer> tries = new ConcurrentHashMap<>();
        reviewer.answers(asked -> tries.merge(asked.index(), 1, Integer::sum) < 3
                ? new Answer(503, "")
                : new Answer(200, "{\"verdict\": \"flag\"}"));
        assertThat(review(Map.of()).reviews()).hasSize(3);
        assertThat(reviewer.asked()).hasSize(9);
        assertThat(meters.counter("safelight.review.calls.failed").count()).isEqualTo(6);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "500 ",
                "401 {\"verdict\": \"pass\"}",
                "302 ",
                "200 ",
                "200 pass",
                "200 []",
                "200 {\"verdict\": 1}"
            })
    void whatIsNoAnswerIsNone(String reply) {
        reviewer.answers(asked -> new Answer(Integer.parseInt(reply.substring(0, 3)), reply.substring(4)));
        assertThatThrownBy(() -> review(Map.of())).isInstanceOf(Safety.Unreachable.class);
        assertThat(reviewer.asked()).isNotEmpty().allMatch(asked -> asked.data() != null);
    }

    @ParameterizedTest
    @CsvSource({"flag,flagged,3", "blur,blurred,3", "withhold,withheld,0"})
    void withoutAnAnswerTheConfigurationDecides(String what, String past, int shown) throws Exception {
        int nobody;
        try (ServerSocket socket = new ServerSocket(0)) {
            nobody = socket.getLocalPort();
        }
        Reviewed reviewed = review(Map.of(
                "SAFELIGHT_SAFETY_URL", "http://127.0.0.1:" + nobody + "/", "SAFELIGHT_SAFETY_UNREACHABLE", what));
        assertThat(reviewed.pictures()).hasSize(shown);
        assertThat(reviewed.reviews())
                .extracting(Review::verdict)
                .containsOnly(past)
                .hasSize(3);
        assertThat(reviewed.reviews()).extracting(Review::reason).containsOnly("it could not be checked");
    }

    @Test
    void aServerThatSaysNothingIsLeft() {
        CountDownLatch end = new CountDownLatch(1);
        reviewer.answers(asked -> {
            try {
                end.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return new Answer(200, "{\"verdict\": \"pass\"}");
        });
        try {
            assertThatThrownBy(() -> review(Map.of("SAFELIGHT_SAFETY_TIMEOUT", "50ms")))
                    .isInstanceOf(Safety.Unreachable.class);
            // An attempt that may not go on does not wait for an answer.
            assertThatThrownBy(() -> review(Map.of("SAFELIGHT_SAFETY_TIMEOUT", "1h"), null, new double[0], false))
                    .isInstanceOf(Safety.Stopped.class);
        } finally {
            end.countDown();
        }
    }

    @Test
    void onlyAllowedPrivateAddressesAreAsked() {
        assertThatThrownBy(() -> reviewer.settings(Map.of("SAFELIGHT_SAFETY_ALLOW", "10.0.0.0/8")))
                .isInstanceOf(InvalidSettings.class)
                .hasMessageContaining("loopback")
                .hasMessageContaining("SAFELIGHT_SAFETY_ALLOW");
        // A name says nothing until it is looked up; then only what the rules allow is connected to.
        assertThatThrownBy(() -> named(List.of("10.0.0.0/8")))
                .isInstanceOf(Safety.Unreachable.class)
                .hasMessageContaining("address_refused");
        assertThat(reviewer.asked()).isEmpty();
    }

    @Test
    void anAllowedNameIsAskedUnderItsName() throws Exception {
        reviewer.says("pass");
        assertThat(named(List.of("reviewer.test")).pictures()).hasSize(3);
        assertThat(reviewer.asked())
                .hasSize(3)
                .allMatch(asked -> asked.headers().get("host").startsWith("reviewer.test:"));
    }

    /** Under a name that resolves to this host, with so much allowed. */
    private Reviewed named(List<String> allowed) throws Exception {
        OutboundRules rules = new OutboundRules(
                OutboundSettings.of(Set.of(), allowed), host -> List.of(InetAddress.getLoopbackAddress()));
        OutboundRules.Verdict url = rules.examine(reviewer.url().replace("127.0.0.1", "reviewer.test"));
        SafetySettings settings = new SafetySettings(
                Optional.of((OutboundRules.Plausible) url),
                Optional.empty(),
                Duration.ofSeconds(10),
                rules,
                Optional.empty());
        try (Safety safety = new Safety(settings, meters, CLOCK)) {
            return safety.review(JOB, ORIGIN, PICTURES, null, new double[0], () -> true);
        }
    }

    @Test
    void wrongSettingsAreToldAtTheStart() {
        Settings settings = new Settings(Map.of(
                "SAFELIGHT_SAFETY_URL",
                "ftp://x/",
                "SAFELIGHT_SAFETY_SECRET",
                "geheim",
                "SAFELIGHT_SAFETY_UNREACHABLE",
                "pass"));
        SafetySettings.read(settings);
        assertThatThrownBy(settings::check)
                .hasMessageContaining("http://")
                .hasMessageContaining("SAFELIGHT_SAFETY_SECRET")
                .hasMessageContaining("return, flag, blur or withhold")
                .hasMessageNotContaining("geheim");
    }

    private Reviewed review(Map<String, String> more) throws Exception {
        return review(more, null, new double[0]);
    }

    private Reviewed review(Map<String, String> more, Manifest.Safety rule, double[] scores) throws Exception {
        return review(more, rule, scores, true);
    }

    private Reviewed review(Map<String, String> more, Manifest.Safety rule, double[] scores, boolean mayWait)
            throws Exception {
        try (Safety safety = new Safety(reviewer.settings(more), meters, CLOCK)) {
            return safety.review(JOB, ORIGIN, PICTURES, rule, scores, () -> mayWait);
        }
    }

    private double counted(String verdict) {
        return meters.counter("safelight.reviews", "verdict", verdict).count();
    }
}
