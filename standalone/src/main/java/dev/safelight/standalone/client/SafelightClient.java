package dev.safelight.standalone.client;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.common.wire.Json;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** The HTTP API as its own command line uses it. */
public final class SafelightClient implements Administrator {
    private static final Duration PATIENCE = Duration.ofSeconds(70);
    /** An API that restarts is back by then. */
    private static final int TRIES = 20;

    private static final Duration BETWEEN_TRIES = Duration.ofMillis(500);

    private final URI server;
    private final Optional<String> authorization;
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            // Followed by hand: the key must not go along to an object store.
            .followRedirects(HttpClient.Redirect.NEVER)
            .build();

    public SafelightClient(URI server) {
        this(server, Optional.empty());
    }

    /** @param key for a server that wants one */
    public SafelightClient(URI server, Optional<String> key) {
        this.server = server;
        this.authorization = key.map("Bearer "::concat);
    }

    /** Makes a job. */
    public JsonNode submit(JsonNode request) throws Unreachable, RequestRefused {
        HttpRequest.Builder post = to("/v1/jobs")
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(Json.write(request)));
        return json(exchange(post, BodyHandlers.ofString()));
    }

    /** The job as it is now. A server that is away for a moment is waited for. */
    public JsonNode job(String id) throws Unreachable, RequestRefused {
        return patiently(() -> json(exchange(to("/v1/jobs/" + encoded(id)).GET(), BodyHandlers.ofString())));
    }

    /** The job once it is over, or as it is after {@code patience} (at most a minute). */
    public JsonNode await(String id, Duration patience) throws Unreachable, RequestRefused {
        return patiently(() -> json(exchange(
                to("/v1/jobs/" + encoded(id))
                        .header("Prefer", "wait=" + patience.toSeconds())
                        .GET(),
                BodyHandlers.ofString())));
    }

    /**
     * Tells what happens to a job until it is over, and comes back where the connection breaks.
     *
     * @param told of each event, in its order
     */
    public void follow(String id, Consumer<JobEvent> told) throws Unreachable, RequestRefused {
        EventReader reader = new EventReader(told);
        while (!reader.ended()) {
            HttpResponse<InputStream> response = patiently(() -> {
                HttpRequest.Builder get =
                        to("/v1/jobs/" + encoded(id) + "/events").setHeader("Accept", "text/event-stream");
                reader.lastId().ifPresent(last -> get.header("Last-Event-ID", last));
                return exchange(get.GET(), BodyHandlers.ofInputStream());
            });
            if (response.statusCode() == 204) {
                return;
            }
            reader.read(response.body());
            if (!reader.ended()) {
                pause();
            }
        }
    }

    public JsonNode cancel(String id) throws Unreachable, RequestRefused {
        return json(exchange(
                to("/v1/jobs/" + encoded(id) + "/cancel").POST(BodyPublishers.noBody()), BodyHandlers.ofString()));
    }

    /** One page of jobs, newest first. @param query parameters; those without a value are left out */
    public JsonNode jobs(Map<String, String> query) throws Unreachable, RequestRefused {
        return json(exchange(to("/v1/jobs" + parameters(query)).GET(), BodyHandlers.ofString()));
    }

    private static String parameters(Map<String, String> query) {
        String parameters = query.entrySet().stream()
                .filter(entry -> entry.getValue() != null)
                .map(entry -> entry.getKey() + "=" + encoded(entry.getValue()))
                .collect(Collectors.joining("&"));
        return parameters.isEmpty() ? "" : "?" + parameters;
    }

    /** Newest first. */
    public JsonNode models() throws Unreachable, RequestRefused {
        return json(exchange(to("/v1/models").GET(), BodyHandlers.ofString()));
    }

    /** Uploads an image. @return its id */
    public String upload(byte[] image, String mediaType) throws Unreachable, RequestRefused {
        HttpRequest.Builder request =
                to("/v1/files").header("Content-Type", mediaType).POST(BodyPublishers.ofByteArray(image));
        return json(exchange(request, BodyHandlers.ofString())).path("id").asText();
    }

    /** The bytes of an output, whose URL may be relative to the server. */
    public byte[] output(String url) throws Unreachable, RequestRefused {
        return patiently(() -> {
            HttpResponse<byte[]> response =
                    exchange(request(server.resolve(url)).GET(), BodyHandlers.ofByteArray());
            Optional<String> elsewhere = response.headers().firstValue("Location");
            return response.statusCode() >= 300 && elsewhere.isPresent()
                    ? exchange(request(response.uri().resolve(elsewhere.get())).GET(), BodyHandlers.ofByteArray())
                            .body()
                    : response.body();
        });
    }

    @Override
    public JsonNode call(String method, String path, Map<String, String> query, JsonNode body)
            throws Unreachable, RequestRefused {
        HttpRequest.Builder request = to(path + parameters(query));
        if (body == null) {
            request.method(method, BodyPublishers.noBody());
        } else {
            request.method(method, BodyPublishers.ofString(Json.write(body)))
                    .header("Content-Type", "application/json");
        }
        return json(exchange(request, BodyHandlers.ofString()));
    }

    @Override
    public void close() {
        // Nobody waits for a stream that is still open.
        http.shutdownNow();
    }

    private HttpRequest.Builder to(String path) {
        return request(URI.create(server.toString().replaceAll("/+$", "") + path))
                .header("Accept", "application/json");
    }

    /** The key goes to this server and to no other, whatever a reply's URLs say. */
    private HttpRequest.Builder request(URI uri) {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri).timeout(PATIENCE);
        boolean ours = server.getScheme().equals(uri.getScheme())
                && server.getAuthority().equals(uri.getAuthority());
        authorization.filter(ignored -> ours).ifPresent(value -> request.header("Authorization", value));
        return request;
    }

    private <T> HttpResponse<T> exchange(HttpRequest.Builder request, HttpResponse.BodyHandler<T> handler)
            throws Unreachable, RequestRefused {
        try {
            HttpResponse<T> response = http.send(request.build(), handler);
            if (response.statusCode() >= 400) {
                throw RequestRefused.of(response.statusCode(), text(response.body()));
            }
            return response;
        } catch (IOException e) {
            throw new Unreachable(
                    "no Safelight answers at " + server + " (" + e.getClass().getSimpleName()
                            + "); start one with ./safelight up, or name its address with --url",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Unreachable("interrupted", e);
        }
    }

    private static JsonNode json(HttpResponse<String> response) throws RequestRefused {
        try {
            return Json.MAPPER.readTree(response.body());
        } catch (JsonProcessingException e) {
            throw new RequestRefused("what answered is no Safelight: its reply is not JSON");
        }
    }

    private interface Call<T> {
        T run() throws Unreachable, RequestRefused;
    }

    private static <T> T patiently(Call<T> call) throws Unreachable, RequestRefused {
        for (int attempt = 1; ; attempt++) {
            try {
                return call.run();
            } catch (Unreachable e) {
                if (attempt == TRIES) {
                    throw e;
                }
            } catch (RequestRefused e) {
                if (e.status() != 503 || attempt == TRIES) {
                    throw e;
                }
            }
            pause();
        }
    }

    private static void pause() throws Unreachable {
        try {
            Thread.sleep(BETWEEN_TRIES);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Unreachable("interrupted", e);
        }
    }

    private static String text(Object body) throws IOException {
        return switch (body) {
            case byte[] bytes -> new String(bytes, StandardCharsets.UTF_8);
            case InputStream stream -> new String(stream.readAllBytes(), StandardCharsets.UTF_8);
            default -> String.valueOf(body);
        };
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
