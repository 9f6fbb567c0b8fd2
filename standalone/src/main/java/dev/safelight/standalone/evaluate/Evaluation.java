package dev.safelight.standalone.evaluate;

import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.job.JobIds;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.Priority;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.worker.batch.Ticket;
import dev.safelight.worker.decode.Picture;
import dev.safelight.worker.generate.Generation;
import dev.safelight.worker.generate.Model;
import dev.safelight.worker.generate.Originals;
import dev.safelight.worker.generate.Outcome;
import dev.safelight.worker.generate.Progress;
import dev.safelight.worker.model.Classifier;
import dev.safelight.worker.model.Classifier.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * Judges a model by pictures that it makes on the engine, as {@code models/README.md} prescribes: a classifier that never
 * saw them says which class each one shows, and their features are held against those of real pictures that no training
 * saw.
 */
public final class Evaluation {
    private static final int GRAYS = 255;
    /** Covariances of fewer vectors than a few for each feature say more about the count than about the pictures. */
    private static final int FEWEST_FOR_FRECHET = 200;

    private final Model model;
    private final Bundle judge;
    private final Classifier classifier;
    private final float[][] real;

    /**
     * @param judge the bundle whose classifier judges, which may be another than the model's
     * @param heldOut real pictures as bytes, in the shape of the model's pictures
     * @throws IllegalArgumentException when the model's pictures are not what the classifier takes
     */
    public Evaluation(Model model, Bundle judge, Classifier classifier, List<byte[]> heldOut) {
        List<Integer> made = model.bundle().manifest().latent().shape();
        List<Integer> taken = judge.manifest().latent().shape();
        if (!made.equals(taken)) {
            throw new IllegalArgumentException("the classifier of " + judge.name() + " judges pictures of shape "
                    + taken + ", and " + model.bundle().name() + " makes " + made);
        }
        this.model = model;
        this.judge = judge;
        this.classifier = classifier;
        this.real = features(judged(heldOut));
    }

    /**
     * Generates {@code each} pictures of every class and scores them; of a model that knows no classes, as many as of the
     * judge's.
     *
     * @param settings sampler, steps, guidance and first seed; label and count are set here
     * @param progress hears how many pictures there are so far
     */
    public Scores run(GenerationInput settings, int each, IntConsumer progress) throws InterruptedException {
        List<String> classes = model.bundle().manifest().conditioning().classes();
        boolean asked = classes != null && !classes.isEmpty();
        int groups = judge.manifest().conditioning().classes().size();
        List<byte[]> pictures = new ArrayList<>();
        long began = System.nanoTime();
        for (int label = 0; label < groups; label++) {
            String wanted = asked ? classes.get(label) : null;
            pictures.addAll(generate(settings, wanted, each, settings.seed() + (long) label * each));
            progress.accept(pictures.size());
        }
        double seconds = (System.nanoTime() - began) / 1e9;
        return scores(pictures, asked, null, seconds);
    }

    /**
     * Lets every picture begin with a real one, which the model is to bring back: degraded or noised as far as the settings'
     * {@code strength} says. All pictures of a class are made at once, each with a seed of its own.
     *
     * @param originals in class order, equally many of each, none of them among the held-out ones
     */
    public Scores restore(GenerationInput settings, List<byte[]> originals, IntConsumer progress)
            throws InterruptedException {
        List<String> classes = model.bundle().manifest().conditioning().classes();
        boolean asked = classes != null && !classes.isEmpty();
        int groups = judge.manifest().conditioning().classes().size();
        int each = originals.size() / groups;
        List<byte[]> pictures = new ArrayList<>();
        long began = System.nanoTime();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int label = 0; label < groups; label++) {
                String wanted = asked ? classes.get(label) : null;
                List<Callable<byte[]>> jobs = new ArrayList<>();
                for (int i = label * each; i < (label + 1) * each; i++) {
                    Originals original = new Originals(picture(originals.get(i)), null);
                    GenerationInput input =
                            input(settings, wanted, settings.seed() + i, 1).with("image", "a real picture");
                    jobs.add(() -> made(new Generation(model, input, original)).getFirst());
                }
                for (Future<byte[]> job : threads.invokeAll(jobs)) {
                    pictures.add(done(job));
                }
                progress.accept(pictures.size());
            }
        }
        double seconds = (System.nanoTime() - began) / 1e9;
        return scores(pictures, asked, deviation(pictures, originals), seconds);
    }

    private static byte[] done(Future<byte[]> job) throws InterruptedException {
        try {
            return job.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException bug) {
                throw bug;
            }
            throw new IllegalStateException(e.getCause());
        }
    }

    private Picture picture(byte[] pixels) {
        List<Integer> shape = judge.manifest().latent().shape();
        return new Picture(shape.get(2), shape.get(1), shape.get(0), pixels);
    }

    private static double deviation(List<byte[]> pictures, List<byte[]> originals) {
        double squares = 0;
        long count = 0;
        for (int i = 0; i < pictures.size(); i++) {
            for (int j = 0; j < pictures.get(i).length; j++) {
                int off = Byte.toUnsignedInt(pictures.get(i)[j])
                        - Byte.toUnsignedInt(originals.get(i)[j]);
                squares += (double) off * off;
                count++;
            }
        }
        return Math.sqrt(squares / count);
    }

    /** Pictures that nobody made: floor, ceiling and controls. In class order, equally many of each. */
    public Scores of(List<byte[]> pictures) {
        return scores(pictures, true, null, 0);
    }

    private Scores scores(List<byte[]> pictures, boolean asked, Double deviation, double seconds) {
        int groups = judge.manifest().conditioning().classes().size();
        int each = pictures.size() / groups;
        List<Verdict> verdicts = judged(pictures);
        List<Double> accuracies = new ArrayList<>();
        for (int label = 0; asked && label < groups; label++) {
            int wanted = label;
            long right = verdicts.subList(label * each, (label + 1) * each).stream()
                    .filter(verdict -> verdict.predicted() == wanted)
                    .count();
            accuracies.add((double) right / each);
        }
        float[][] own = features(verdicts);
        return new Scores(
                pictures.size(),
                accuracies,
                entropy(verdicts, groups),
                new Manifold(own).coverage(real),
                new Manifold(real).coverage(own),
                own.length < FEWEST_FOR_FRECHET ? null : FrechetDistance.between(own, real),
                deviation,
                seconds);
    }

    private static double entropy(List<Verdict> verdicts, int classes) {
        return IntStream.range(0, classes)
                .mapToDouble(label -> verdicts.stream()
                                .filter(verdict -> verdict.predicted() == label)
                                .count()
                        / (double) verdicts.size())
                .filter(share -> share > 0)
                .map(share -> -share * Math.log(share))
                .sum();
    }

    private List<byte[]> generate(GenerationInput settings, String label, int count, long seed)
            throws InterruptedException {
        return made(new Generation(model, input(settings, label, seed, count)));
    }

    private static GenerationInput input(GenerationInput settings, String label, long seed, int count) {
        return new GenerationInput(
                label,
                settings.sampler(),
                settings.steps(),
                settings.guidance(),
                seed,
                count,
                settings.spacing(),
                settings.strict(),
                settings.options());
    }

    private static List<byte[]> made(Generation generation) throws InterruptedException {
        Ticket ticket = new Ticket(new JobKey(JobKey.DEFAULT_TENANT, JobIds.next()), Priority.NORMAL, 0, false);
        return switch (generation.run(ticket, Progress.Listener.NONE)) {
            case Outcome.Pictures(List<Picture> pictures) ->
                pictures.stream().map(Picture::pixels).toList();
            case Outcome.Failed(var error) -> throw new IllegalArgumentException(error.message());
            case Outcome.Canceled _, Outcome.LeaseLost _ -> throw new IllegalStateException("nobody stops this job");
        };
    }

    private static float[][] features(List<Verdict> verdicts) {
        return verdicts.stream().map(Verdict::features).toArray(float[][]::new);
    }

    /** The classifier sees what a user gets: bytes, scaled back to the range that it was trained in. */
    private List<Verdict> judged(List<byte[]> pictures) {
        Manifest.LatentSpace latent = judge.manifest().latent();
        double low = latent.range().getFirst();
        double width = latent.range().getLast() - low;
        return classifier.judge(pictures.stream()
                .map(bytes -> {
                    float[] x = new float[bytes.length];
                    for (int i = 0; i < x.length; i++) {
                        x[i] = (float) (low + width * Byte.toUnsignedInt(bytes[i]) / GRAYS);
                    }
                    return x;
                })
                .toList());
    }
}
