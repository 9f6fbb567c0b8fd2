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

/**
 * Judges a class-conditional model by pictures that it makes on the engine, as {@code models/README.md} prescribes: a
 * classifier that never saw them says which class each one shows, and their features are held against those of real
 * pictures that no training saw.
 */
public final class Evaluation {
    private static final int GRAYS = 255;

    private final Bundle bundle;
    private final Model model;
    private final Classifier classifier;

    public Evaluation(Bundle bundle, Model model, Classifier classifier) {
        this.bundle = bundle;
        this.model = model;
        this.classifier = classifier;
    }

    /**
     * What came out.
     *
     * @param accuracyOfClass share of each class's pictures that the classifier recognises, in class order
     * @param recall share of the real pictures' features that lie in the manifold of the generated ones
     * @param precision share of the generated pictures' features that lie in the manifold of the real ones
     */
    public record Scores(List<Double> accuracyOfClass, double recall, double precision) {
        /** Classes have equally many pictures. */
        public double accuracy() {
            return accuracyOfClass.stream()
                    .mapToDouble(Double::doubleValue)
                    .average()
                    .orElseThrow();
        }
    }

    /**
     * Generates {@code each} pictures of every class and scores them.
     *
     * @param settings sampler, steps, guidance and first seed; label and count are set here
     * @param heldOut real pictures as bytes, in the shape of the model's pictures
     * @param progress hears how many pictures there are so far
     */
    public Scores run(GenerationInput settings, int each, List<byte[]> heldOut, IntConsumer progress)
            throws InterruptedException {
        List<float[]> real = judged(heldOut).stream().map(Verdict::features).toList();
        List<String> classes = bundle.manifest().conditioning().classes();
        List<Double> accuracies = new ArrayList<>();
        List<float[]> generated = new ArrayList<>();
        for (int label = 0; label < classes.size(); label++) {
            int wanted = label;
            List<byte[]> pictures = generate(settings, classes.get(label), each, settings.seed() + (long) label * each);
            List<Verdict> verdicts = judged(pictures);
            accuracies.add((double) verdicts.stream()
                            .filter(verdict -> verdict.predicted() == wanted)
                            .count()
                    / each);
            verdicts.forEach(verdict -> generated.add(verdict.features()));
            progress.accept(generated.size());
        }
        float[][] own = generated.toArray(float[][]::new);
        float[][] others = real.toArray(float[][]::new);
        return new Scores(accuracies, new Manifold(own).coverage(others), new Manifold(others).coverage(own));
    }

    /** The share of the held-out pictures whose features lie in the manifold of the others'. */
    double recall(List<byte[]> pictures, List<byte[]> heldOut) {
        return new Manifold(features(pictures)).coverage(features(heldOut));
    }

    private float[][] features(List<byte[]> pictures) {
        return judged(pictures).stream().map(Verdict::features).toArray(float[][]::new);
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

    /** The classifier sees what a user gets: bytes, scaled back to the latent range. */
    private List<Verdict> judged(List<byte[]> pictures) {
        Manifest.LatentSpace latent = bundle.manifest().latent();
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
