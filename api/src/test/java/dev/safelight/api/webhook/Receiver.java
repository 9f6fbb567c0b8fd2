package dev.safelight.api.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.standardwebhooks.Webhook;
import com.standardwebhooks.exceptions.EmptyWebhookSecretException;
import com.standardwebhooks.exceptions.WebhookVerificationException;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.safelight.common.wire.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Somebody's server for webhooks, on the loopback interface; it keeps what it got and replies as the test says. */
final class Receiver implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 30;

    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final BlockingQueue<Message> messages = new LinkedBlockingQueue<>();

    /** What a request gets. */
    @FunctionalInterface
    interface Behaviour {
        void reply(HttpExchange exchange) throws IOException, InterruptedException;
    }

    Receiver() {
        this(replying(204, ""));
    }

    Receiver(Behaviour behaviour) {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 100);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(threads);
        server.createContext("/", exchange -> {
            byte[] body = exchange.getRequestBody().readAllBytes();
            messages.add(new Message(
                    exchange.getRequestURI().toString(),
                    HttpHeaders.of(Map.copyOf(exchange.getRequestHeaders()), (name, value) -> true),
                    new String(body, StandardCharsets.UTF_8)));
            try (exchange) {
                behaviour.reply(exchange);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        server.start();
    }

    static Behaviour replying(int status, String text) {
        return exchange -> {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
            exchange.getResponseBody().write(bytes);
        };
    }

    static Behaviour replying(int status, String header, String value) {
        return exchange -> {
            exchange.getResponseHeaders().add(header, value);
            exchange.sendResponseHeaders(status, -1);
        };
    }

    int port() {
        return server.getAddress().getPort();
    }

    String url() {
        return "http://127.0.0.1:" + port() + "/hook?a=b";
    }

    /** The next message. */
    Message next() {
        try {
            Message message = messages.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            assertThat(message).as("a message").isNotNull();
            return message;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What has arrived and was not taken yet. */
    List<Message> waiting() {
        return List.copyOf(messages);
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }

    /** A request as it came. */
    record Message(String target, HttpHeaders headers, String body) {
        String header(String name) {
            return headers.firstValue(name).orElse(null);
        }

        String id() {
            return header("webhook-id");
        }

        JsonNode json() {
            try {
                return Json.MAPPER.readTree(body);
            } catch (IOException e) {
                throw new UncheckedIOException(body, e);
            }
        }

        /** Whether the reference library takes it for genuine. */
        boolean verifies(String secret) {
            try {
                new Webhook(secret).verify(body, headers.map());
                return true;
            } catch (WebhookVerificationException e) {
                return false;
            } catch (EmptyWebhookSecretException e) {
                throw new IllegalArgumentException(e);
            }
        }
    }
}
