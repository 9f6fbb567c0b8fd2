package dev.safelight.worker.generate;

import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.BundleReader;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.Priority;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.worker.batch.Batcher;
import dev.safelight.worker.batch.Network;
import dev.safelight.worker.batch.Ticket;
import dev.safelight.worker.decode.Decoder;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;

/** Jobs on the tiny bundle, for tests. */
final class Jobs {
    private Jobs() {}

    static Bundle tiny() {
        try {
            return BundleReader.read(
                    Path.of(Jobs.class.getResource("/bundles/tiny").toURI()));
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The tiny bundle's manifest over another network. */
    static Model model(Batcher batcher, Network network, Decoder decoder) {
        return decodedBy(decoder, Model.of(tiny(), batcher, network));
    }

    static Model decodedBy(Decoder decoder, Model model) {
        return new Model(
                model.bundle(),
                model.batcher(),
                model.group(),
                model.recipes(),
                decoder,
                model.others(),
                model.aside(),
                model.prompts());
    }

    static GenerationInput input(String sampler, int steps, double guidance, long seed) {
        return new GenerationInput("square", sampler, steps, guidance, seed, 1, 0, "trailing", false);
    }

    static GenerationInput strict(GenerationInput input) {
        return new GenerationInput(
                input.label(),
                input.sampler(),
                input.steps(),
                input.guidance(),
                input.seed(),
                input.count(),
                input.spacing(),
                true,
                input.options());
    }

    static GenerationInput images(int count, GenerationInput input) {
        return new GenerationInput(
                input.label(),
                input.sampler(),
                input.steps(),
                input.guidance(),
                input.seed(),
                count,
                input.spacing(),
                input.strict(),
                input.options());
    }

    static Ticket ticket() {
        return ticket(0);
    }

    static Ticket ticket(long age) {
        return new Ticket(new JobKey("default", UUID.randomUUID()), Priority.NORMAL, age, false);
    }

    static Outcome run(Model model, GenerationInput input) throws InterruptedException {
        return new Generation(model, input).run(ticket(), Progress.Listener.NONE);
    }

    /** Runs all at once, each on its own thread; outcomes in order. */
    static List<Outcome> together(Model model, List<GenerationInput> inputs)
            throws InterruptedException, ExecutionException {
        CountDownLatch go = new CountDownLatch(1);
        List<CompletableFuture<Outcome>> running = new ArrayList<>();
        for (GenerationInput input : inputs) {
            CompletableFuture<Outcome> outcome = new CompletableFuture<>();
            running.add(outcome);
            Thread.ofVirtual().start(() -> {
                try {
                    go.await();
                    outcome.complete(run(model, input));
                } catch (Throwable e) {
                    outcome.completeExceptionally(e);
                }
            });
        }
        go.countDown();
        List<Outcome> outcomes = new ArrayList<>();
        for (CompletableFuture<Outcome> outcome : running) {
            outcomes.add(outcome.get());
        }
        return outcomes;
    }
}
