package dev.safelight.worker;

import dev.safelight.worker.batch.Batcher;
import dev.safelight.worker.batch.Counters;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;

/**
 * What the device has done, read when somebody asks: the loop that feeds it counts anyway. Rates of two of these give
 * evaluations a second, rows of a call, and the time that a call takes.
 */
final class DeviceMeters {
    private final Supplier<Stream<Batcher>> feeding;
    /** Models go; what they were fed by has been counted, and goes on being. */
    private final Set<Batcher> known = ConcurrentHashMap.newKeySet();

    private DeviceMeters(Supplier<Stream<Batcher>> feeding) {
        this.feeding = feeding;
    }

    /** @param feeding those of the models that are loaded at the time */
    static void bind(Supplier<Stream<Batcher>> feeding, MeterRegistry meters) {
        DeviceMeters device = new DeviceMeters(feeding);
        device.count(meters, "safelight.evaluations", "Rows that networks have run", Counters::rows);
        device.count(meters, "safelight.device.calls", "Network calls", Counters::calls);
        device.count(meters, "safelight.device.calls.failed", "Network calls that failed", Counters::failedCalls);
        device.time(meters, "safelight.device.run", "Time in network calls", Counters::runNanos);
        device.time(
                meters,
                "safelight.device.gather",
                "Time in which jobs were there and no call could leave",
                Counters::gatherNanos);
        device.time(meters, "safelight.device.scatter", "Time to wake whom a call served", Counters::scatterNanos);
    }

    // The registry holds what a counter is about only weakly, and has nobody else to hold it: so the functions do.

    private void count(MeterRegistry meters, String name, String description, ToLongFunction<Counters> value) {
        FunctionCounter.builder(name, this, _ -> sum(value))
                .description(description)
                .register(meters);
    }

    private void time(MeterRegistry meters, String name, String description, ToLongFunction<Counters> nanos) {
        FunctionCounter.builder(name, this, _ -> sum(nanos) / 1e9)
                .description(description)
                .baseUnit("seconds")
                .register(meters);
    }

    private double sum(ToLongFunction<Counters> value) {
        feeding.get().forEach(known::add);
        return known.stream()
                .mapToLong(batcher -> value.applyAsLong(batcher.counters()))
                .sum();
    }
}
