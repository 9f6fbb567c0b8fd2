package dev.safelight.api.stream;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.api.TestApi;
import dev.safelight.common.wire.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A client of server-sent events that reads as the standard says and nothing more. */
final class TestStream implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 30;
    private static final Event END = new Event(null, "end", null);

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final HttpResponse<InputStream> response;
    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();

    /** @param id null where it carries none */
    record Event(String id, String type, JsonNode data) {}

    private TestStream(TestApi api, String path, String... headers) {
        try {
            var request = api.request(path).GET();
            if (headers.length > 0) {
                request.headers(headers);
            }
            response = client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        Thread.ofVirtual().start(this::read);
    }

    static TestStream open(TestApi api, String path, String... headers) {
        return new TestStream(api, path, headers);
    }

    int status() {
        return response.statusCode();
    }

    String header(String name) {
        return response.headers().firstValue(name).orElse(null);
    }

    /** The next event; fails when the stream ends instead. */
    Event next() {
        Event event = poll();
        if (event == END) {
            throw new AssertionError("the stream ended");
        }
        return event;
    }

    /** All that comes until the stream ends. */
    List<Event> rest() {
        List<Event> rest = new ArrayList<>();
        for (Event event = poll(); event != END; event = poll()) {
            rest.add(event);
        }
        return rest;
    }

    private Event poll() {
        try {
            Event event = events.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (event == null) {
                throw new AssertionError("no event within " + PATIENCE_SECONDS + " s");
            }
            return event;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private void read() {
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
            String id = null;
            String type = null;
            StringBuilder data = new StringBuilder();
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.isEmpty()) {
                    if (type != null) {
                        events.add(new Event(id, type, Json.read(data.toString(), JsonNode.class)));
                    }
                    id = null;
                    type = null;
                    data.setLength(0);
                } else if (line.startsWith("id: ")) {
                    id = line.substring(4);
                } else if (line.startsWith("event: ")) {
                    type = line.substring(7);
                } else if (line.startsWith("data: ")) {
                    data.append(line.substring(6));
                } else if (!line.startsWith(":") && !line.startsWith("retry: ")) {
                    throw new IOException("no line of an event stream: " + line);
                }
            }
        } catch (IOException e) {
            // Closed, by either side.
        } finally {
            events.add(END);
        }
    }

    @Override
    public void close() {
        client.shutdownNow();
    }
}
