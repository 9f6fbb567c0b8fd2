package dev.safelight.api.query;

import dev.safelight.api.http.Handler;
import dev.safelight.api.http.Reply;
import dev.safelight.api.http.Request;
import java.util.List;

/** {@code GET /v1/workers}. */
public final class ListWorkers implements Handler {
    private final Fleet fleet;

    private record Workers(List<WorkerView> workers) {}

    public ListWorkers(Fleet fleet) {
        this.fleet = fleet;
    }

    @Override
    public Reply handle(Request request) {
        return Reply.json(200, new Workers(fleet.workers()));
    }
}
