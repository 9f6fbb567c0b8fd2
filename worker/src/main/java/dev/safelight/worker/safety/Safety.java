package dev.safelight.worker.safety;

import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.time.Backoff;
import dev.safelight.worker.decode.Picture;
import dev.safelight.worker.output.Origin;
import dev.safelight.worker.output.Png;
import dev.safelight.worker.store.Review;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides what of a job's pictures anybody may see: by the scores of the bundle's own network and by whom the configuration
 * says to ask. Nothing is written before that, so an attempt that dies here leaves nothing, and the next one asks again,
 * under the same id.
 */
public final class Safety implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Safety.class);
    private static final int TRIES = 3;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);
    private static final long LOOK_MILLIS = 100;

    private final SafetySettings settings;
    private final Optional<Callback> callback;
    private final Map<Verdict, Counter> reviews = new EnumMap<>(Verdict.class);
    private final Timer calls;
    private final Counter failures;

    public Safety(SafetySettings settings, MeterRegistry meters, Clock clock) {
        this.settings = settings;
        this.callback = settings.url().map(url -> new Callback(settings, url, clock));
        for (Verdict verdict : Verdict.values()) {
            reviews.put(
                    verdict,
                    Counter.builder("safelight.reviews")
                            .tag("verdict", verdict.word())
                            .description("Pictures that were reviewed")
                            .register(meters));
        }
        this.calls = Timer.builder("safelight.review.calls")
                .description("Questions about pictures, answered or not")
                .register(meters);
        this.failures = Counter.builder("safelight.review.calls.failed")
                .description("Questions about pictures without an answer")
                .register(meters);
    }

    /** The attempt may not go on. */
    public static final class Stopped extends Exception {
        private static final long serialVersionUID = 1L;

        Stopped() {
            super("the attempt was stopped");
        }
    }

    /** Nobody answered, and without an answer nothing is to be shown. */
    public static final class Unreachable extends Exception {
        private static final long serialVersionUID = 1L;

        Unreachable(Throwable cause) {
            super(cause.getMessage() == null ? cause.toString() : cause.getMessage(), cause);
        }
    }

    /** Whether a picture of the bundle may turn out to be one that is not to be seen: then it has no previews either. */
    public boolean mayHide(Manifest manifest) {
        return callback.isPresent()
                || manifest.safety() != null && !manifest.safety().action().equals(Verdict.FLAG.word());
    }

    /**
     * Reviews all pictures of a job.
     *
     * @param scores of the bundle's network, one for each picture; none where it has no such network
     * @param mayWait whether the attempt may go on
     * @throws Stopped when it may not
     * @throws Unreachable when the job has to be tried again
     */
    public Reviewed review(
            JobKey job,
            Origin origin,
            List<Picture> pictures,
            Manifest.Safety rule,
            double[] scores,
            BooleanSupplier mayWait)
            throws Stopped, Unreachable, InterruptedException {
        List<Judgement> judgements = new ArrayList<>(IntStream.range(0, pictures.size())
                .mapToObj(i -> rule == null ? Judgement.NOTHING : Judgement.of(scores[i], rule))
                .toList());
        if (callback.isPresent()) {
            ask(callback.get(), job, origin, pictures, judgements, mayWait);
        }
        SortedMap<Integer, Picture> shown = new TreeMap<>();
        List<Review> told = new ArrayList<>();
        for (int i = 0; i < pictures.size(); i++) {
            Judgement judgement = judgements.get(i);
            Verdict verdict = judgement.verdict();
            if (rule != null || callback.isPresent()) {
                reviews.get(verdict).increment();
            }
            if (verdict != Verdict.WITHHOLD) {
                shown.put(i, verdict == Verdict.BLUR ? Veil.over(pictures.get(i)) : pictures.get(i));
            }
            if (verdict != Verdict.PASS) {
                told.add(new Review(i, verdict.past(), judgement.score(), judgement.reason(), origin.seed(i)));
            }
        }
        return new Reviewed(shown, told);
    }

    /** All at once, each on a thread of its own, while this one looks whether the attempt may still wait. */
    private void ask(
            Callback server,
            JobKey job,
            Origin origin,
            List<Picture> pictures,
            List<Judgement> judgements,
            BooleanSupplier mayWait)
            throws Stopped, Unreachable, InterruptedException {
        List<Future<Judgement>> answers = new ArrayList<>();
        try (ExecutorService questions = Executors.newVirtualThreadPerTaskExecutor()) {
            try {
                for (int i = 0; i < pictures.size(); i++) {
                    int index = i;
                    Judgement own = judgements.get(i);
                    answers.add(
                            own.verdict() == Verdict.WITHHOLD
                                    ? questions.submit(() -> own)
                                    : questions.submit(
                                            () -> answer(server, job, origin, index, pictures.get(index), own)));
                }
                for (int i = 0; i < answers.size(); i++) {
                    judgements.set(i, judgements.get(i).or(await(answers.get(i), job, mayWait)));
                }
            } finally {
                answers.forEach(answer -> answer.cancel(true));
            }
        }
    }

    private Judgement await(Future<Judgement> answer, JobKey job, BooleanSupplier mayWait)
            throws Stopped, Unreachable, InterruptedException {
        while (true) {
            if (!mayWait.getAsBoolean()) {
                throw new Stopped();
            }
            try {
                return answer.get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                // Looks again.
            } catch (ExecutionException e) {
                if (e.getCause() instanceof Error error) {
                    throw error; // the process's, and not this job's
                }
                if (!(e.getCause() instanceof IOException)) {
                    throw new IllegalStateException("a review failed", e.getCause());
                }
                LOG.warn(
                        "nobody could be asked about pictures of job {}: {}",
                        job.jobId(),
                        e.getCause().toString());
                return new Judgement(
                        settings.unreachable().orElseThrow(() -> new Unreachable(e.getCause())),
                        null,
                        "it could not be checked");
            }
        }
    }

    private Judgement answer(Callback server, JobKey job, Origin origin, int index, Picture picture, Judgement own)
            throws IOException, InterruptedException {
        Question question = new Question(
                job.tenantId(),
                job.jobId(),
                index,
                origin.model(),
                origin.seed(index),
                origin.input(),
                own.score(),
                new Question.Image("image/png", picture.width(), picture.height(), Png.encode(picture, Map.of())));
        Backoff backoff = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
        for (int attempt = 1; ; attempt++) {
            long start = System.nanoTime();
            try {
                return server.ask(question);
            } catch (IOException e) {
                failures.increment();
                if (attempt == TRIES || Thread.currentThread().isInterrupted()) {
                    throw e;
                }
            } finally {
                calls.record(System.nanoTime() - start, TimeUnit.NANOSECONDS);
            }
            Thread.sleep(backoff.next());
        }
    }

    @Override
    public void close() {
        callback.ifPresent(Callback::close);
    }
}
