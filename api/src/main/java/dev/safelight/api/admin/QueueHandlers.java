package dev.safelight.api.admin;

import dev.safelight.api.http.Handler;
import dev.safelight.api.http.Reply;
import dev.safelight.api.tenant.QueueState;
import dev.safelight.api.tenant.Queues;
import java.util.List;
import java.util.Map;

/** {@code /v1/queues}: what waits where, and whether it may go on. */
final class QueueHandlers {
    private final Queues queues;
    private final Runnable opened;

    private record All(List<Queues.Queue> queues) {}

    /** @param opened told when jobs may be released again; the relay's wake */
    QueueHandlers(Queues queues, Runnable opened) {
        this.queues = queues;
        this.opened = opened;
    }

    Map<String, Handler> all() {
        return Map.of(
                "listQueues", request -> Reply.json(200, new All(queues.list())),
                "pauseQueue", set(QueueState.PAUSED),
                "drainQueue", set(QueueState.DRAINING),
                "resumeQueue", set(QueueState.OPEN));
    }

    private Handler set(QueueState state) {
        return request -> {
            Queues.Queue queue = queues.set(request.text("queue").orElseThrow(), state);
            opened.run();
            return Reply.json(200, queue);
        };
    }
}
