package dev.safelight.standalone.sight;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.safelight.common.trace.Traced;
import dev.safelight.common.trace.Tracing;
import dev.safelight.embedded.testing.JavaProcess;
import io.opentelemetry.api.trace.SpanKind;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;

/** Spans leave a process that was told where to, and no other. */
class OtlpTest {
    private static final String PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    @Test
    void aSpanReachesTheCollectorBeforeTheProcessEnds() throws Exception {
        BlockingQueue<String> received = new LinkedBlockingQueue<>();
        HttpServer collector = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 10);
        collector.createContext("/", exchange -> {
            String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.ISO_8859_1);
            received.add(exchange.getRequestURI() + " "
                    + exchange.getRequestHeaders().getFirst("Content-Type") + " " + body);
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        collector.start();
        try (JavaProcess process = JavaProcess.start(
                Worker.class,
                List.of(),
                Map.of(
                        "OTEL_EXPORTER_OTLP_ENDPOINT",
                        "http://127.0.0.1:" + collector.getAddress().getPort(),
                        "OTEL_EXPORTER_OTLP_COMPRESSION",
                        "none"))) {
            assertThat(process.awaitExit(Duration.ofSeconds(60)))
                    .as(process.output())
                    .isZero();
            assertThat(process.output()).contains("traced as a child");
        } finally {
            collector.stop(0);
        }
        assertThat(received).hasSize(1);
        assertThat(received.take())
                .startsWith("/v1/traces application/x-protobuf ")
                .contains("safelight-test", "a span of ours");
    }

    @Test
    void withoutAnEndpointATraceIsPassedOnAsItCame() throws Exception {
        try (AutoCloseable nothing = Tracing.install("safelight-test", Map.of())) {
            assertThat(nothing).isNotNull();
            Traced span = Tracing.start("a span of ours", SpanKind.SERVER, PARENT);
            assertThat(span.traceparent()).isEqualTo(PARENT);
            assertThat(span.traceId()).isEqualTo("4bf92f3577b34da6a3ce929d0e0e4736");
            span.with("a", 1).failed("b").end();
            assertThat(Tracing.start("another", SpanKind.SERVER, null).traceparent())
                    .isNull();
        }
    }

    /** A process with one span. */
    static final class Worker {
        private Worker() {}

        public static void main(String[] arguments) throws Exception {
            AutoCloseable tracing = Tracing.install("safelight-test", System.getenv());
            Traced span = Tracing.start("a span of ours", SpanKind.CONSUMER, PARENT);
            boolean child = span.traceparent().startsWith(PARENT.substring(0, 36))
                    && !span.traceparent().equals(PARENT);
            System.out.println(child ? "traced as a child" : span.traceparent());
            span.end();
            tracing.close();
        }
    }
}
