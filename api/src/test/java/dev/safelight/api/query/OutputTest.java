package dev.safelight.api.query;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.safelight.api.TestApi;
import dev.safelight.api.TestApi.Answer;
import dev.safelight.api.auth.Principal;
import dev.safelight.api.http.Reply;
import dev.safelight.api.http.Request;
import dev.safelight.common.store.ObjectStore;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code GET} and {@code HEAD} of an image. */
class OutputTest {
    private static final int SIZE = 300_000;
    private static final byte[] IMAGE = new byte[SIZE];

    private static TestApi api;
    private static String path;
    private static UUID job;

    @BeforeAll
    static void start() {
        RandomGenerator.of("L64X128MixRandom").nextBytes(IMAGE);
        api = TestApi.start();
        job = api.submit().id();
        api.run(job);
        api.succeed(job, IMAGE);
        path = "/v1/jobs/" + job + "/outputs/0";
    }

    @AfterAll
    static void stop() {
        api.close();
    }

    @Test
    void theWholeImageComesAsItIsAndMayBeKeptForEver() {
        Answer answer = api.get(path);
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.bytes()).isEqualTo(IMAGE);
        assertThat(answer.header("Content-Type")).isEqualTo("image/png");
        assertThat(answer.header("Content-Length")).isEqualTo(Integer.toString(SIZE));
        assertThat(answer.header("Cache-Control")).contains("immutable", "max-age=31536000");
        assertThat(answer.header("Accept-Ranges")).isEqualTo("bytes");
        assertThat(answer.header("X-Content-Type-Options")).isEqualTo("nosniff");
        assertThat(answer.header("Content-Disposition")).isEqualTo("inline; filename=\"" + job + "-0.png\"");
        String sha256 = api.get("/v1/jobs/" + job).at("/outputs/0/sha256").textValue();
        assertThat(answer.header("ETag")).isEqualTo("\"" + sha256 + "\"");
    }

    @Test
    void headHasTheHeadersOnly() {
        Answer answer = api.send(api.request(path).method("HEAD", HttpRequest.BodyPublishers.noBody()));
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.bytes()).isEmpty();
        assertThat(answer.header("Content-Length")).isEqualTo(Integer.toString(SIZE));
        assertThat(answer.header("Content-Type")).isEqualTo("image/png");
        assertThat(answer.header("ETag")).isNotNull();
    }

    @Test
    void whoHasTheImageGetsNothing() {
        String tag = api.get(path).header("ETag");
        Answer answer = api.get(path, "If-None-Match", tag);
        assertThat(answer.status()).isEqualTo(304);
        assertThat(answer.bytes()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "bytes=0-0, 0, 0",
        "bytes=0-99, 0, 99",
        "bytes=100-, 100, 299999",
        "bytes=299999-, 299999, 299999",
        "bytes=-1, 299999, 299999",
        "bytes=-70000, 230000, 299999",
        "bytes=-999999999, 0, 299999",
        "bytes=10-999999999, 10, 299999"
    })
    void aRangeIsServed(String range, int first, int last) {
        Answer answer = api.get(path, "Range", range);
        assertThat(answer.status()).isEqualTo(206);
        assertThat(answer.header("Content-Range")).isEqualTo("bytes " + first + "-" + last + "/" + SIZE);
        assertThat(answer.header("Content-Length")).isEqualTo(Integer.toString(last - first + 1));
        assertThat(answer.bytes()).isEqualTo(Arrays.copyOfRange(IMAGE, first, last + 1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"bytes=300000-", "bytes=300000-300001", "bytes=-0"})
    void aRangeBeyondTheEndIsRefused(String range) {
        Answer answer = api.get(path, "Range", range);
        assertThat(answer.status()).isEqualTo(416);
        assertThat(answer.header("Content-Range")).isEqualTo("bytes */" + SIZE);
        assertThat(answer.at("/code").textValue()).isEqualTo("range_not_satisfiable");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "bytes=5-2",
                "bytes=-",
                "bytes=0-1,5-6",
                "pixels=0-1",
                "bytes=a-b",
                "bytes=99999999999999999999-",
                ""
            })
    void whatIsNoSingleRangeGetsTheWhole(String range) {
        Answer answer = api.get(path, "Range", range);
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.bytes()).hasSize(SIZE);
    }

    @Test
    void aRangeOfAnotherRepresentationGetsTheWhole() {
        String tag = api.get(path).header("ETag");
        assertThat(api.get(path, "Range", "bytes=0-9", "If-Range", tag).status())
                .isEqualTo(206);
        assertThat(api.get(path, "Range", "bytes=0-9", "If-Range", "\"other\"").status())
                .isEqualTo(200);
    }

    @Test
    void anImageThatTheStoreLostIsNotFound() throws IOException {
        UUID lost = api.submit().id();
        api.run(lost);
        api.succeed(lost, new byte[] {1, 2, 3});
        Files.delete(api.store().resolve("outputs/default/" + lost + "/1/0.png"));
        Answer answer = api.get("/v1/jobs/" + lost + "/outputs/0");
        assertThat(answer.status()).isEqualTo(404);
        assertThat(answer.at("/detail").textValue()).contains("no longer");
    }

    @Test
    void aStoreThatSignsUrlsIsRedirectedTo() throws IOException {
        URI elsewhere = URI.create("https://store.example/outputs/0.png?signature=x");
        GetOutput handler = GetOutput.get(new JobQueries(api.database()), new SigningStore(elsewhere));
        Request request = new Request(
                Principal.almighty("default"),
                Map.of("job_id", TextNode.valueOf(job.toString()), "ordinal", LongNode.valueOf(0)),
                null);
        Reply reply = handler.handle(request);
        assertThat(reply.status()).isEqualTo(307);
        assertThat(reply.headers()).containsEntry("Location", elsewhere.toString());
        assertThat(reply.headers().get("Cache-Control")).doesNotContain("immutable");
    }

    /** Signs every URL and holds nothing. */
    private record SigningStore(URI signed) implements ObjectStore {
        @Override
        public String identity() {
            return "signing";
        }

        @Override
        public void put(String key, byte[] bytes, String contentType) {
            throw new UnsupportedOperationException();
        }

        @Override
        public InputStream open(String key, long first, long last) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Optional<Long> size(String key) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void delete(String key) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Stream<Entry> list(String prefix) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Optional<URI> presign(String key, String contentType, Duration validity) {
            return Optional.of(signed);
        }

        @Override
        public void close() {}
    }
}
