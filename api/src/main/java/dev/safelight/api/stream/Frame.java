package dev.safelight.api.stream;

import dev.safelight.common.wire.Json;
import java.nio.charset.StandardCharsets;

/**
 * An event that a client can ask to have again, as it goes over the wire; one array serves all streams of the job.
 *
 * @param attempt the attempt that runs from here on; 0 for none
 * @param last whether nothing comes after it
 */
record Frame(long id, byte[] bytes, int attempt, boolean last) {

    /** The wire form of an event with an id (WHATWG HTML, server-sent events). Our JSON has no line breaks. */
    static byte[] bytes(String type, long id, Object data) {
        return utf8("event: " + type + "\nid: " + id + "\ndata: " + Json.write(data) + "\n\n");
    }

    /** The wire form of an event that nobody asks to have again. */
    static byte[] passing(String type, Object data) {
        return utf8("event: " + type + "\ndata: " + Json.write(data) + "\n\n");
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
