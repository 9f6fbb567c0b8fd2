package dev.safelight.bench.load;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.common.wire.Json;
import java.io.IOException;
import java.net.URI;
import java.util.List;

/** Submits jobs and waits for their end, on one connection. */
public final class JobClient implements AutoCloseable {
    private final HttpConnection connection;

    public JobClient(URI server) throws IOException {
        this.connection = new HttpConnection(server);
    }

    /** @param key sent with every request */
    public JobClient(URI server, String key) throws IOException {
        this(server);
        connection.authorize(key);
    }

    /** Submits many requests, each of which has to be accepted. */
    public void submitAll(List<String> bodies) throws IOException {
        JsonNode reply = send("POST", "/v1/jobs:batch", "", "{\"requests\":[" + String.join(",", bodies) + "]}", 200);
        for (JsonNode result : reply.path("results")) {
            if (result.path("status").asInt() != 202) {
                throw new IOException("a job of a batch was refused: " + result);
            }
        }
    }

    /** @return the job's path */
    public String submit(String body) throws IOException {
        return "/v1/jobs/" + send("POST", "/v1/jobs", "", body, 202).path("id").asText();
    }

    /** Returns the job when it is terminal. */
    public JsonNode await(String path) throws IOException {
        while (true) {
            JsonNode job = send("GET", path, "Prefer: wait=30\r\n", "", 200);
            String state = job.path("state").asText();
            if (!state.equals("queued") && !state.equals("running")) {
                return job;
            }
        }
    }

    /** As {@link #await}, but anything else than success is an error. */
    public JsonNode awaitSuccess(String path) throws IOException {
        JsonNode job = await(path);
        if (!job.path("state").asText().equals("succeeded")) {
            throw new IOException("the job did not succeed: " + job);
        }
        return job;
    }

    public byte[] fetch(String path) throws IOException {
        return connection.send(connection.request("GET", path, "", "")).body();
    }

    public void delete(String path) throws IOException {
        connection.send(connection.request("DELETE", path, "", ""));
    }

    private JsonNode send(String method, String path, String headers, String body, int expected) throws IOException {
        HttpConnection.Response response = connection.send(connection.request(method, path, headers, body));
        if (response.status() != expected) {
            throw new IOException(method + " " + path + " gave " + response.status() + ": " + response.text());
        }
        return Json.MAPPER.readTree(response.body());
    }

    @Override
    public void close() throws IOException {
        connection.close();
    }
}
