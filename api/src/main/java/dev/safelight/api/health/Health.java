package dev.safelight.api.health;

import dev.safelight.api.http.Handler;
import dev.safelight.api.http.Reply;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** {@code GET /health/live} and {@code GET /health/ready}. */
public final class Health {
    private record Report(String status, Map<String, String> checks) {}

    private Health() {}

    /** Says that the process handles requests, and nothing of those it depends on. */
    public static Handler live() {
        return request -> Reply.json(200, new Report("up", Map.of()));
    }

    /** @param kafka whether a broker is connected: reported, and no reason to send clients elsewhere */
    public static Handler ready(Readiness readiness, BooleanSupplier kafka) {
        return request -> {
            Optional<String> missing = readiness.missing();
            Map<String, String> checks = new LinkedHashMap<>();
            checks.put("postgres", missing.orElse("up"));
            checks.put("kafka", kafka.getAsBoolean() ? "up" : "not connected");
            return missing.isEmpty()
                    ? Reply.json(200, new Report("up", checks))
                    : Reply.json(503, new Report("down", checks)).with("Retry-After", "5");
        };
    }
}
