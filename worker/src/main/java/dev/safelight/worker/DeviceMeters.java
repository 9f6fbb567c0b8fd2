package dev.safelight.worker;

import dev.safelight.worker.attempt.Models;
import dev.safelight.worker.batch.Batcher;
import dev.safelight.worker.batch.Counters;
import dev.safelight.worker.generate.Model;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Set;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

/**
 * What the device has done, read when somebody asks: the loop that feeds it counts anyway. Rates of two of these give
 * evaluations a second, rows of a call, and the time that a call takes.
 */
final class DeviceMeters {
    private DeviceMeters() {}

    static void bind(Models models, MeterRegistry meters) {
        Set<Batcher> batchers = models.all().stream().map(Model::batcher).collect(Collectors.toSet());
        count(meters, batchers, "safelight.evaluations", "Rows that networks have run", Counters::rows);
        count(meters, batchers, "safelight.device.calls", "Network calls", Counters::calls);
        count(meters, batchers, "safelight.device.calls.failed", "Network calls that failed", Counters::failedCalls);
        time(meters, batchers, "safelight.device.run", "Time in network calls", Counters::runNanos);
        time(
                meters,
                batchers,
                "safelight.device.gather",
                "Time in which jobs were there and no call could leave",
                Counters::gatherNanos);
        time(meters, batchers, "safelight.device.scatter", "Time to wake whom a call served", Counters::scatterNanos);
    }

    private static void count(
            MeterRegistry meters,
            Set<Batcher> batchers,
            String name,
            String description,
            ToLongFunction<Counters> value) {
        FunctionCounter.builder(name, batchers, all -> sum(all, value))
                .description(description)
                .register(meters);
    }

    private static void time(
            MeterRegistry meters,
            Set<Batcher> batchers,
            String name,
            String description,
            ToLongFunction<Counters> nanos) {
        FunctionCounter.builder(name, batchers, all -> sum(all, nanos) / 1e9)
                .description(description)
                .baseUnit("seconds")
                .register(meters);
    }

    private static double sum(Set<Batcher> batchers, ToLongFunction<Counters> value) {
        return batchers.stream()
                .mapToLong(batcher -> value.applyAsLong(batcher.counters()))
                .sum();
    }
}
