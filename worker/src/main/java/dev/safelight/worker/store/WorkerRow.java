package dev.safelight.worker.store;

import java.util.List;
import java.util.UUID;

/** How a worker is listed; rewritten with each beat. */
public record WorkerRow(
        UUID id, String host, String device, List<String> queues, List<String> models, int slots, int headroom) {}
