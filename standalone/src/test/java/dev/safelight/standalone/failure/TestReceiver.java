package dev.safelight.standalone.failure;

import com.fasterxml.jackson.databind.JsonNode;
import com.standardwebhooks.Webhook;
import com.standardwebhooks.exceptions.EmptyWebhookSecretException;
import com.standardwebhooks.exceptions.WebhookVerificationException;
import com.sun.net.httpserver.HttpServer;
import dev.safelight.common.wire.Json;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.Executors;

/**
 * Somebody's server for webhooks, as a process that may be killed. What it accepts it has first appended to a file, a
 * line each: path, webhook-id, job, type, state, and whether the reference library takes it for genuine.
 */
public final class TestReceiver {
    private TestReceiver() {}

    /** @param arguments port, file, secret */
    public static void main(String[] arguments) throws IOException, EmptyWebhookSecretException {
        Path file = Path.of(arguments[1]);
        Webhook webhook = new Webhook(arguments[2]);
        HttpServer server = HttpServer.create(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[0])), 100);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", exchange -> {
            try (exchange) {
                String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
                String verdict = "genuine";
                try {
                    webhook.verify(body, exchange.getRequestHeaders());
                } catch (WebhookVerificationException e) {
                    verdict = "forged";
                }
                JsonNode message = Json.MAPPER.readTree(body);
                String line = String.join(
                        " ",
                        exchange.getRequestURI().getPath(),
                        exchange.getRequestHeaders().getFirst("webhook-id"),
                        message.at("/data/id").textValue(),
                        message.get("type").textValue(),
                        message.at("/data/state").textValue(),
                        verdict);
                // One write of a short line to a file opened for appending: lines never mix.
                Files.writeString(file, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
                exchange.sendResponseHeaders(204, -1);
            }
        });
        server.start();
        System.out.println("receiver ready");
    }
}
