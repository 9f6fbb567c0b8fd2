package dev.safelight.worker.safety;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.safelight.common.config.Settings;
import dev.safelight.common.wire.Json;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.function.Function;

/** A real HTTP server that is asked about pictures, and what it was asked. */
public final class Reviewer implements AutoCloseable {
    /** 24 bytes. */
    public static final String SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    private final HttpServer server;
    private final List<Asked> asked = new CopyOnWriteArrayList<>();
    private volatile Function<Asked, Answer> answer = question -> new Answer(200, "{\"verdict\": \"pass\"}");

    public record Asked(Map<String, String> headers, byte[] body, JsonNode data) {
        public String id() {
            return headers.get("webhook-id");
        }

        public int index() {
            return data.get("index").intValue();
        }
    }

    public record Answer(int status, String body) {}

    public Reviewer() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", this::handle);
        server.start();
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] body = exchange.getRequestBody().readAllBytes();
            Map<String, String> headers = new HashMap<>();
            exchange.getRequestHeaders()
                    .forEach((name, values) -> headers.put(name.toLowerCase(Locale.ROOT), values.getFirst()));
            JsonNode message = Json.read(new String(body, StandardCharsets.UTF_8), JsonNode.class);
            Asked question = new Asked(headers, body, message.get("data"));
            asked.add(question);
            Answer given = answer.apply(question);
            byte[] bytes = given.body().getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("Location", url());
            exchange.sendResponseHeaders(given.status(), bytes.length == 0 ? -1 : bytes.length);
            exchange.getResponseBody().write(bytes);
        }
    }

    /** From now on. */
    public void answers(Function<Asked, Answer> function) {
        asked.clear();
        answer = function;
    }

    public void says(String verdict) {
        answers(question -> new Answer(200, "{\"verdict\": \"" + verdict + "\"}"));
    }

    public List<Asked> asked() {
        return List.copyOf(asked);
    }

    public String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/look?at=this";
    }

    /** With what else is to be set. */
    public SafetySettings settings(Map<String, String> more) {
        Map<String, String> variables = new HashMap<>(Map.of(
                "SAFELIGHT_SAFETY_URL",
                url(),
                "SAFELIGHT_SAFETY_ALLOW",
                "127.0.0.1",
                "SAFELIGHT_SAFETY_SECRET",
                SECRET));
        variables.putAll(more);
        Settings settings = new Settings(variables);
        SafetySettings read = SafetySettings.read(settings);
        settings.check();
        return read;
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
