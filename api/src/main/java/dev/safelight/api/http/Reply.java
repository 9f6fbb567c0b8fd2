package dev.safelight.api.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.safelight.common.wire.Json;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;

/** What goes back to the client: a value, so that handlers can be read and tested without a socket. */
public record Reply(int status, Map<String, String> headers, Body body) {

    public sealed interface Body {}

    public record Empty() implements Body {}

    public record Bytes(byte[] bytes) implements Body {}

    /** Read once, written at the client's pace, and closed. */
    public record Stream(InputStream in, long length) implements Body {}

    /** Written as things happen, for as long as both sides like. */
    public record Live(Source source) implements Body {}

    /** Where a live reply comes from. */
    public interface Source {
        /** The client is there: send to it from now on, from any thread, and return. */
        void open(Outlet outlet);

        /** The client is gone; maybe it never came, maybe this is told twice. */
        void closed();
    }

    private static final Body EMPTY = new Empty();

    public static Reply empty(int status) {
        return new Reply(status, Map.of(), EMPTY);
    }

    public static Reply json(int status, Object value) {
        return bytes(status, "application/json", jsonBytes(value));
    }

    public static Reply bytes(int status, String contentType, byte[] bytes) {
        return new Reply(status, Map.of("Content-Type", contentType), new Bytes(bytes));
    }

    public static Reply stream(int status, String contentType, InputStream in, long length) {
        return new Reply(status, Map.of("Content-Type", contentType), new Stream(in, length));
    }

    public static Reply live(int status, String contentType, Source source) {
        return new Reply(status, Map.of("Content-Type", contentType), new Live(source));
    }

    public Reply with(String header, String value) {
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(header, value);
        return new Reply(status, more, body);
    }

    Reply with(Map<String, String> more) {
        Map<String, String> all = new LinkedHashMap<>(headers);
        all.putAll(more);
        return new Reply(status, all, body);
    }

    static byte[] jsonBytes(Object value) {
        try {
            return Json.MAPPER.writeValueAsBytes(value);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }
}
