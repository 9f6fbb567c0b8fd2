package dev.safelight.common.trace;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.StatusCode;

/** One thing that is traced, or that would be were there a tracer. For any thread; end it once. */
public final class Traced {
    private final Span span;
    private final String parent;

    Traced(Span span, String parent) {
        this.span = span;
        this.parent = parent;
    }

    public Traced with(String attribute, String value) {
        span.setAttribute(attribute, value);
        return this;
    }

    public Traced with(String attribute, long value) {
        span.setAttribute(attribute, value);
        return this;
    }

    public Traced with(String attribute, double value) {
        span.setAttribute(attribute, value);
        return this;
    }

    /** @param why for people; without anything secret */
    public Traced failed(String why) {
        span.setStatus(StatusCode.ERROR, why);
        return this;
    }

    public void end() {
        span.end();
    }

    /** What comes of this is traced as its child: a W3C traceparent. Where there is no tracer, its parent, or null. */
    public String traceparent() {
        SpanContext context = span.getSpanContext();
        return context.isValid()
                ? "00-" + context.getTraceId() + "-" + context.getSpanId() + "-"
                        + context.getTraceFlags().asHex()
                : parent;
    }

    /** 32 hex digits, or null where nobody traces. */
    public String traceId() {
        String traceparent = traceparent();
        return traceparent == null || traceparent.length() < 35 ? null : traceparent.substring(3, 35);
    }
}
