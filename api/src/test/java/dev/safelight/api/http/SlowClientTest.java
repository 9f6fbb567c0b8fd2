package dev.safelight.api.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.api.TestApi;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Clients that hold connections open and say next to nothing, and those that say too much. */
class SlowClientTest {
    private static final boolean LONG = Boolean.getBoolean("safelight.long");
    private static final int SLOW = LONG ? 2_000 : 200;
    /** Until a byte comes; the server's patience is longer than this and much shorter than all bytes would take. */
    private static final int PAUSE_MILLIS = 100;

    private static final String GOOD = "GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n";

    /** What a slow client sends: at once, and then byte by byte. */
    private record Slowness(String atOnce, String drop) {}

    private static final List<Slowness> KINDS = List.of(
            new Slowness("", ""),
            new Slowness("GET /health/live HTTP/1.1\r\n", "X-Slow: 1\r\n"),
            new Slowness(
                    "POST /v1/jobs HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n",
                    " "),
            new Slowness(
                    "POST /v1/jobs HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
                    "1\r\n \r\n"),
            // A body that nobody asked for.
            new Slowness("GET /health/live HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n", " "),
            // One good request does not buy the next one time.
            new Slowness(GOOD + "GET /health", "/"));

    @Test
    void slowOnesAreCutOffWhileAGoodOneIsServed() throws Exception {
        Map<String, String> settings =
                LONG ? Map.of() : Map.of("SAFELIGHT_HTTP_HEAD_DEADLINE", "1s", "SAFELIGHT_HTTP_BODY_DEADLINE", "1s");
        try (TestApi api = TestApi.with(settings);
                Socket patient = new Socket("127.0.0.1", api.server().port());
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            assertThat(served(patient)).isTrue();
            List<Future<Duration>> cut = new ArrayList<>();
            for (int i = 0; i < SLOW; i++) {
                Slowness kind = KINDS.get(i % KINDS.size());
                cut.add(threads.submit(() -> untilCut(api.server().port(), kind)));
            }
            int good = 0;
            while (cut.stream().anyMatch(client -> !client.isDone())) {
                assertThat(api.get("/health/live").status()).isEqualTo(200);
                good++;
            }
            assertThat(good).isPositive();
            Duration longest = longest(cut);
            System.out.println(SLOW + " slow clients were cut off within " + longest.toMillis() + " ms; " + good
                    + " good requests were served meanwhile");
            if (LONG) {
                assertThat(longest).isLessThan(Duration.ofSeconds(10));
            }
            // Idle between two requests for longer than any head may take: that is what keep-alive is for.
            assertThat(served(patient)).isTrue();
            assertThat(api.get("/metrics").text())
                    .contains("safelight_http_connections_cut_total{reason=\"deadline\"} " + SLOW + ".0");
        }
    }

    @Test
    void connectionsBeyondTheCapAreClosedAndThereIsRoomAgain() throws Exception {
        try (TestApi api = TestApi.with(Map.of("SAFELIGHT_HTTP_CONNECTIONS", "2"))) {
            int port = api.server().port();
            try (Socket first = new Socket("127.0.0.1", port);
                    Socket second = new Socket("127.0.0.1", port)) {
                assertThat(served(first)).isTrue();
                assertThat(served(second)).isTrue();
                try (Socket third = new Socket("127.0.0.1", port)) {
                    assertThat(served(third)).isFalse();
                }
                assertThat(served(first)).isTrue();
            }
            boolean room = false;
            while (!room) {
                try (Socket fourth = new Socket("127.0.0.1", port)) {
                    room = served(fourth);
                }
            }
        }
    }

    @Test
    void headsThatAreTooLongAreRefused() throws IOException {
        try (TestApi api =
                TestApi.with(Map.of("SAFELIGHT_HTTP_HEADER_LIMIT", "2048", "SAFELIGHT_HTTP_HEAD_DEADLINE", "5m"))) {
            assertThat(api.raw("GET /health/live HTTP/1.1\r\nHost: a\r\nX: " + "x".repeat(4000) + "\r\n\r\n"))
                    .matches("(?s)HTTP/1.[01] 431 .*")
                    .contains("\"code\":\"headers_too_large\"")
                    .contains("at most 2048 bytes");
            assertThat(api.raw("GET /" + "x".repeat(4000) + " HTTP/1.1\r\nHost: a\r\n\r\n"))
                    .matches("(?s)HTTP/1.[01] 414 .*")
                    .contains("\"code\":\"uri_too_long\"");
            assertThat(api.raw("nonsense\r\n\r\n"))
                    .matches("(?s)HTTP/1.[01] 400 .*")
                    .contains("\"code\":\"malformed_request\"");
            assertThat(api.raw("GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: " + "x".repeat(1500)
                            + "\r\n\r\n"))
                    .startsWith("HTTP/1.1 200 ");
        }
    }

    /** Sends a request and reads something of its reply. @return false when the connection was closed instead */
    private static boolean served(Socket socket) {
        try {
            socket.setSoTimeout(30_000);
            socket.getOutputStream().write(GOOD.getBytes(StandardCharsets.ISO_8859_1));
            byte[] reply = new byte[4096];
            int read = socket.getInputStream().read(reply);
            return read > 0 && new String(reply, 0, read, StandardCharsets.ISO_8859_1).startsWith("HTTP/1.1 200 ");
        } catch (IOException e) {
            return false;
        }
    }

    private static Duration untilCut(int port, Slowness kind) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            long opened = System.nanoTime();
            socket.setSoTimeout(PAUSE_MILLIS);
            try {
                socket.getOutputStream().write(kind.atOnce().getBytes(StandardCharsets.ISO_8859_1));
                InputStream in = socket.getInputStream();
                byte[] drop = kind.drop().getBytes(StandardCharsets.ISO_8859_1);
                while (!ended(in)) {
                    socket.getOutputStream().write(drop);
                }
            } catch (IOException e) {
                // Cut off in the middle of a write.
            }
            return Duration.ofNanos(System.nanoTime() - opened);
        }
    }

    private static boolean ended(InputStream in) throws IOException {
        try {
            return in.read(new byte[4096]) < 0;
        } catch (SocketTimeoutException e) {
            return false;
        }
    }

    private static Duration longest(List<Future<Duration>> cut) throws ExecutionException, InterruptedException {
        Duration longest = Duration.ZERO;
        for (Future<Duration> client : cut) {
            longest = client.get().compareTo(longest) > 0 ? client.get() : longest;
        }
        return longest;
    }
}
