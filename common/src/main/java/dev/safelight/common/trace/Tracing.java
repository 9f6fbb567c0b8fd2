package dev.safelight.common.trace;

import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Spans of this process: one tracer for all of it, as with logging. Without an endpoint there is no tracer, and a trace
 * context that came from outside is only passed on.
 */
public final class Tracing {
    private static final List<String> ENDPOINTS =
            List.of("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");

    private static final Pattern TRACEPARENT =
            Pattern.compile("[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})");

    private static volatile Tracer tracer;

    private Tracing() {}

    /**
     * Exports spans where the environment names an OTLP endpoint; else does nothing. The variables are those of the
     * OpenTelemetry specification; only {@code http/protobuf} is spoken.
     *
     * @param service what the process is called in traces, unless OTEL_SERVICE_NAME says otherwise
     * @return to be closed when the process ends: sends what is left
     */
    public static AutoCloseable install(String service, Map<String, String> environment) {
        if (ENDPOINTS.stream()
                .allMatch(name -> environment.getOrDefault(name, "").isBlank())) {
            return () -> {};
        }
        OpenTelemetrySdk sdk = AutoConfiguredOpenTelemetrySdk.builder()
                .addPropertiesSupplier(() -> Map.of(
                        "otel.service.name", service,
                        "otel.exporter.otlp.protocol", "http/protobuf",
                        "otel.metrics.exporter", "none",
                        "otel.logs.exporter", "none"))
                .disableShutdownHook()
                .build()
                .getOpenTelemetrySdk();
        use(sdk);
        return () -> {
            use(OpenTelemetry.noop());
            sdk.close();
        };
    }

    /** Spans go there from now on; for tests and for those who embed this. */
    public static void use(OpenTelemetry telemetry) {
        tracer = telemetry == OpenTelemetry.noop() ? null : telemetry.getTracer("dev.safelight");
    }

    /**
     * Starts a span; end it.
     *
     * @param parent W3C traceparent, or null for a trace of its own
     */
    public static Traced start(String name, SpanKind kind, String parent) {
        Tracer now = tracer;
        if (now == null) {
            return new Traced(Span.getInvalid(), parent);
        }
        return new Traced(
                now.spanBuilder(name)
                        .setSpanKind(kind)
                        .setParent(remote(parent))
                        .startSpan(),
                parent);
    }

    private static Context remote(String traceparent) {
        Matcher parts = TRACEPARENT.matcher(traceparent == null ? "" : traceparent);
        return parts.matches()
                ? Context.root()
                        .with(Span.wrap(SpanContext.createFromRemoteParent(
                                parts.group(1),
                                parts.group(2),
                                TraceFlags.fromHex(parts.group(3), 0),
                                TraceState.getDefault())))
                : Context.root();
    }
}
