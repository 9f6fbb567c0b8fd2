package dev.safelight.worker;

import com.sun.net.httpserver.HttpServer;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;

/** Serves a worker's meters to Prometheus at {@code /metrics}. */
final class MetricsPage implements AutoCloseable {
    private final HttpServer server;

    private MetricsPage(HttpServer server) {
        this.server = server;
    }

    /** @param port 0 for none */
    static MetricsPage open(int port, PrometheusMeterRegistry meters) throws IOException {
        if (port == 0) {
            return new MetricsPage(null);
        }
        HttpServer server = HttpServer.create(new InetSocketAddress(port), 0);
        server.createContext("/metrics", exchange -> {
            byte[] page = meters.scrape().getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
            exchange.sendResponseHeaders(200, page.length);
            try (OutputStream body = exchange.getResponseBody()) {
                body.write(page);
            }
        });
        server.start();
        return new MetricsPage(server);
    }

    @Override
    public void close() {
        if (server != null) {
            server.stop(0);
        }
    }
}
