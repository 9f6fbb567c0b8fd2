package dev.safelight.worker.batch;

import java.util.List;

/** What rows must agree in to share a call. Networks are told apart by identity. */
public record Group(Network network, List<Integer> shape, String layout) {

    public Group {
        shape = List.copyOf(shape);
    }
}
