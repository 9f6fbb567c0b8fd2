package dev.safelight.standalone.client;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.api.admin.Administration;
import dev.safelight.api.http.LocalCalls;
import dev.safelight.api.http.Reply;
import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.common.store.Database;
import dev.safelight.common.wire.Json;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/** Works on the database itself: for the first key, and for whoever has lost the last one. */
public final class DatabaseAdministrator implements Administrator {
    private final Database database;
    private final Runnable stopServer;
    private final LocalCalls calls;

    /** @param stopServer stops what had to be started for it */
    public DatabaseAdministrator(DatabaseSettings settings, Runnable stopServer) {
        this.database = Database.open(settings, "safelight-administration");
        this.stopServer = stopServer;
        this.calls = Administration.local(database);
    }

    @Override
    public JsonNode call(String method, String path, Map<String, String> query, JsonNode body) throws RequestRefused {
        Map<String, String> given = new HashMap<>(query);
        given.values().removeIf(Objects::isNull);
        Reply reply = calls.call(method, path, given, body);
        String text =
                reply.body() instanceof Reply.Bytes(byte[] bytes) ? new String(bytes, StandardCharsets.UTF_8) : "";
        if (reply.status() >= 400) {
            throw RequestRefused.of(reply.status(), text);
        }
        return Json.read(text, JsonNode.class);
    }

    @Override
    public void close() {
        database.close();
        stopServer.run();
    }
}
