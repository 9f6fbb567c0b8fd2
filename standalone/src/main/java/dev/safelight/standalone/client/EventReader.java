package dev.safelight.standalone.client;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.common.wire.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.Consumer;

/** Reads server-sent events (WHATWG HTML), and remembers where to go on when the connection breaks. */
final class EventReader {
    private final Consumer<JobEvent> told;
    private String lastId;
    private boolean ended;

    EventReader(Consumer<JobEvent> told) {
        this.told = told;
    }

    Optional<String> lastId() {
        return Optional.ofNullable(lastId);
    }

    /** Whether the last event of the job was read. */
    boolean ended() {
        return ended;
    }

    /** Returns when the stream ends, however it does. */
    void read(InputStream stream) {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
            String id = lastId;
            String type = "message";
            StringBuilder data = new StringBuilder();
            for (String line = lines.readLine(); line != null && !ended; line = lines.readLine()) {
                if (line.isEmpty()) {
                    lastId = id;
                    dispatch(type, data);
                    type = "message";
                    data.setLength(0);
                } else if (line.startsWith("id:")) {
                    id = value(line, 3);
                } else if (line.startsWith("event:")) {
                    type = value(line, 6);
                } else if (line.startsWith("data:")) {
                    data.append(value(line, 5)).append('\n');
                }
            }
        } catch (IOException e) {
            // Whoever called comes back with the last id.
        }
    }

    private void dispatch(String type, StringBuilder data) throws IOException {
        if (data.isEmpty()) {
            return;
        }
        JobEvent event = new JobEvent(type, Json.MAPPER.readValue(data.toString(), JsonNode.class));
        ended = event.last();
        told.accept(event);
    }

    private static String value(String line, int from) {
        return line.substring(line.startsWith(" ", from) ? from + 1 : from);
    }
}
