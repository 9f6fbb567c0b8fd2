package dev.safelight.worker.generate;

import dev.safelight.common.job.JobError;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Sampler;
import dev.safelight.worker.batch.EvaluationStopped;
import dev.safelight.worker.batch.Ticket;
import dev.safelight.worker.batch.Walk;
import dev.safelight.worker.checkpoint.Checkpoint;
import dev.safelight.worker.decode.Decoder;
import dev.safelight.worker.decode.Picture;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/**
 * The sampling of one job: each image is a walk on its own virtual thread.
 *
 * @param images where those are that the input names
 */
public record Generation(Model model, GenerationInput input, Fitted.Source images) {
    /** Floats of a latent whose arithmetic is over sooner than another thread is awake. */
    private static final int QUICK = 4_096;

    /** The model is taken for the size of picture that the input asks for. */
    public Generation {
        model = model.sized(input);
    }

    /** A job that is made from nothing but noise. */
    public Generation(Model model, GenerationInput input) {
        this(model, input, Originals.NONE);
    }

    /** Samples and decodes all images from their beginning. */
    public Outcome run(Ticket ticket, Progress.Listener listener) throws InterruptedException {
        return run(ticket, Optional.empty(), listener);
    }

    /**
     * Samples and decodes all images; blocks until every walk has ended. The first walk that fails ends the
     * others.
     *
     * @param ticket serves one run
     * @param earlier where an earlier attempt of the job left its walks; one that does not fit is passed over
     * @throws InterruptedException when the calling thread is interrupted: the walks are stopped first
     * @throws IllegalStateException for a bug; its cause is what a walk threw
     * @throws Error as a walk threw it: it says nothing of the job
     */
    public Outcome run(Ticket ticket, Optional<Checkpoint> earlier, Progress.Listener listener)
            throws InterruptedException {
        Request request;
        Optional<Known> known;
        try {
            request = Request.of(input, model, ticket);
            known = Known.of(request.recipe(), images, model, ticket, input.strict());
        } catch (EvaluationStopped e) {
            return outcome(e);
        } catch (IllegalArgumentException e) {
            return new Outcome.Failed(new JobError("invalid_input", e.getMessage()));
        }
        return run(request.recipe().sampler(), request, known, ticket, earlier, listener);
    }

    private <S extends Record> Outcome run(
            Sampler<S> sampler,
            Request request,
            Optional<Known> known,
            Ticket ticket,
            Optional<Checkpoint> earlier,
            Progress.Listener listener)
            throws InterruptedException {
        Plan plan = request.recipe().plan();
        Course<S> course = new Course<>(sampler, plan, Resumption.of(earlier, sampler, plan, model, input), listener);
        listener.begun(course);
        Picture[] pictures = new Picture[input.count()];
        AtomicReference<Throwable> failure = new AtomicReference<>();
        List<Thread> threads = new ArrayList<>();
        Iterator<Walk> walks = model.batcher()
                .join(ticket, model.group(), input.strict(), course.unfinished())
                .iterator();
        for (int i = 0; i < input.count(); i++) {
            int image = i;
            Optional<float[]> finished = course.finished(image);
            Walk walk = finished.isPresent() ? null : walks.next();
            threads.add(Thread.ofVirtual()
                    .name("walk-" + ticket.job().jobId() + "-" + image)
                    .start(() -> {
                        try {
                            float[] latent =
                                    finished.orElseGet(() -> sample(sampler, request, known, walk, image, course));
                            pictures[image] = picture(latent, known, ticket);
                        } catch (Throwable e) {
                            if (failure.compareAndSet(null, e)) {
                                ticket.cancel();
                            }
                        }
                    }));
        }
        await(threads, ticket);
        return failure.get() == null ? new Outcome.Pictures(Arrays.asList(pictures)) : outcome(failure.get());
    }

    private <S extends Record> float[] sample(
            Sampler<S> sampler, Request request, Optional<Known> known, Walk walk, int image, Course<S> course) {
        try (walk) {
            Plan plan = request.recipe().plan();
            Passage passage = new Passage(model, request, walk, input.seed() + image, known);
            float[] latent = plan.steps() == 0
                    ? passage.known()
                    : passage.finished(walked(sampler, plan, passage, walk, image, course));
            course.finished(image, latent);
            return latent;
        }
    }

    private <S extends Record> float[] walked(
            Sampler<S> sampler, Plan plan, Passage passage, Walk walk, int image, Course<S> course) {
        S first = course.state(image).orElseGet(() -> passage.begin(sampler));
        Supplier<float[]> steps = () -> sampler.walk(
                first, plan, passage.noise(), passage.denoisers(sampler), state -> course.stepped(image, state));
        return model.latentSize() <= QUICK ? walk.near(steps) : steps.get();
    }

    private Picture picture(float[] latent, Optional<Known> known, Ticket ticket) {
        Picture made = model.picture(latent, ticket);
        return known.map(Known::picture).map(retouch -> retouch.over(made)).orElse(made);
    }

    private static void await(List<Thread> threads, Ticket ticket) throws InterruptedException {
        InterruptedException interruption = null;
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interruption = e;
                    ticket.loseLease();
                }
            }
        }
        if (interruption != null) {
            throw interruption;
        }
    }

    private static Outcome outcome(Throwable failure) {
        return switch (failure) {
            case EvaluationStopped.Canceled _ -> new Outcome.Canceled();
            case EvaluationStopped.LeaseLost _ -> new Outcome.LeaseLost();
            case EvaluationStopped.DeviceFailed e ->
                new Outcome.Failed(new JobError(e.outOfMemory() ? "out_of_memory" : "network_failed", e.getMessage()));
            case Decoder.NotFinite e -> new Outcome.Failed(new JobError("diverged", e.getMessage()));
            case Error e -> throw e;
            default -> throw new IllegalStateException("a walk failed", failure);
        };
    }
}
