package dev.safelight.bench.load;

import java.io.IOException;
import java.net.URI;

/** Submits the same request again and again. */
public final class SubmitClient implements ClosedLoop.Client {
    private final HttpConnection connection;
    private final byte[] request;

    public SubmitClient(URI server, String body) throws IOException {
        this.connection = new HttpConnection(server);
        this.request = connection.request("POST", "/v1/jobs", "", body);
    }

    @Override
    public void once() throws IOException {
        HttpConnection.Response response = connection.send(request);
        if (response.status() != 202) {
            throw new IOException("submitted and got " + response.status() + ": " + response.text());
        }
    }

    @Override
    public void close() throws IOException {
        connection.close();
    }
}
