package dev.safelight.bench.system;

import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.BundleLibrary;
import dev.safelight.common.config.Settings;
import dev.safelight.worker.WorkerProcess;
import dev.safelight.worker.WorkerSettings;
import dev.safelight.worker.attempt.Models;
import dev.safelight.worker.generate.Engine;
import dev.safelight.worker.generate.Model;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.List;

/** A whole worker in this process, whose network notes its calls. */
public final class WatchedWorker implements AutoCloseable {
    private final WorkerProcess worker;
    private final Bundle bundle;
    private final Watched network;

    private WatchedWorker(WorkerProcess worker, Bundle bundle, Watched network) {
        this.worker = worker;
        this.bundle = bundle;
        this.network = network;
    }

    /** @param name of the model it runs; others are not loaded */
    public static WatchedWorker start(Installation installation, String name) {
        WorkerSettings settings = WorkerSettings.read(new Settings(installation.environment()));
        Engine engine = Engine.open(settings.device());
        Bundle bundle = BundleLibrary.open(settings.models()).all().stream()
                .filter(candidate -> candidate.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no model " + name + " in " + settings.models()));
        Model model = engine.load(bundle);
        Watched network = new Watched(model.group().network());
        Model watched = model.with(network);
        WorkerProcess worker = WorkerProcess.start(
                settings,
                new WorkerProcess.Equipment(engine.device(), new Models(List.of(watched)), engine),
                new PrometheusMeterRegistry(PrometheusConfig.DEFAULT));
        return new WatchedWorker(worker, bundle, network);
    }

    public Bundle bundle() {
        return bundle;
    }

    public Watched network() {
        return network;
    }

    @Override
    public void close() {
        worker.close();
    }
}
