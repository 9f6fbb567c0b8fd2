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
import dev.safelight.worker.generate.Outcome;
import dev.safelight.worker.generate.Progress;
import dev.safelight.worker.model.Classifier;
import dev.safelight.worker.model.Classifier.Verdict;
import java.util.ArrayList;
import java.util.List;
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
        return scores(pictures, asked, seconds);
    }

    /** Pictures that nobody made: floor, ceiling and controls. In class order, equally many of each. */
    public Scores of(List<byte[]> pictures) {
        return scores(pictures, true, 0);
    }

    private Scores scores(List<byte[]> pictures, boolean asked, double seconds) {
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
        GenerationInput input = new GenerationInput(
                label,
                settings.sampler(),
                settings.steps(),
                settings.guidance(),
                seed,
                count,
                settings.spacing(),
                settings.strict(),
                settings.options());
        Ticket ticket = new Ticket(new JobKey(JobKey.DEFAULT_TENANT, JobIds.next()), Priority.NORMAL, 0, false);
        return switch (new Generation(model, input).run(ticket, Progress.Listener.NONE)) {
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
