package dev.safelight.bench.engine;

import dev.safelight.bench.system.Watched;
import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.BundleLibrary;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.Priority;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.wire.Json;
import dev.safelight.worker.batch.Network;
import dev.safelight.worker.batch.Row;
import dev.safelight.worker.batch.Ticket;
import dev.safelight.worker.generate.BatchLimits;
import dev.safelight.worker.generate.Engine;
import dev.safelight.worker.generate.Generation;
import dev.safelight.worker.generate.Model;
import dev.safelight.worker.generate.Outcome;
import dev.safelight.worker.generate.Progress;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;

/** The engine of this process with one model on it, whose network notes its calls. */
public final class Workbench implements AutoCloseable {
    private final Engine engine;
    private final Model model;
    private final Watched network;

    private Workbench(Engine engine, Model model, Watched network) {
        this.engine = engine;
        this.model = model;
        this.network = network;
    }

    /** @param measurements where the engine keeps what it measured of batch sizes */
    public static Workbench open(Path models, String name, Path measurements) {
        Engine engine = Engine.open("cpu", BatchLimits.measured(measurements));
        Bundle bundle = BundleLibrary.open(models)
                .find(name)
                .orElseThrow(() -> new IllegalArgumentException("no model " + name + " in " + models));
        Model model = engine.load(bundle);
        Watched network = new Watched(model.group().network());
        return new Workbench(engine, model.with(network), network);
    }

    public Bundle bundle() {
        return model.bundle();
    }

    public Watched network() {
        return network;
    }

    /** Runs one job on a network that answers at once with its input. */
    public void rehearse(GenerationInput input) throws InterruptedException {
        new Generation(model.with(new Echo(network.maxRows())), input).run(ticket(), Progress.Listener.NONE);
    }

    private record Echo(int maxRows) implements Network {
        @Override
        public List<float[]> run(List<Row> rows) {
            return rows.stream().map(Row::latent).toList();
        }
    }

    /** One row an evaluation: without guidance. */
    public static GenerationInput input(int steps, long seed) {
        return Json.read("""
                {"class": "sneaker", "sampler": "ddim", "steps": %d, "guidance": 1, "seed": %d, "count": 1, "eta": 0,
                 "spacing": "trailing", "strict": false}""".formatted(steps, seed), GenerationInput.class);
    }

    /** Runs one job on the caller's thread, and gives it up at a time of {@link System#nanoTime}. */
    public void runUntil(GenerationInput input, Progress.Listener listener, long end) throws InterruptedException {
        Ticket ticket = ticket();
        new Generation(model, input).run(ticket, new Progress.Listener() {
            @Override
            public void begun(Progress progress) {
                listener.begun(progress);
            }

            @Override
            public void stepped(Progress progress) {
                if (System.nanoTime() >= end) {
                    ticket.cancel();
                }
            }
        });
    }

    private static Ticket ticket() {
        return new Ticket(
                new JobKey(JobKey.DEFAULT_TENANT, UUID.randomUUID()), Priority.NORMAL, System.nanoTime(), false);
    }

    /** Runs one job to its decoded picture, on the caller's thread. */
    public Outcome.Pictures run(GenerationInput input, Progress.Listener listener) throws InterruptedException {
        return switch (new Generation(model, input).run(ticket(), listener)) {
            case Outcome.Pictures pictures -> pictures;
            case Outcome other -> throw new IllegalStateException("a job failed: " + other);
        };
    }

    @Override
    public void close() {
        engine.close();
    }
}
