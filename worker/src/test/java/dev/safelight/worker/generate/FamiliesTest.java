package dev.safelight.worker.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.safelight.common.bundle.BundleReader;
import dev.safelight.common.job.JobError;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.sampling.Noise;
import dev.safelight.common.sampling.degrade.Pixelate;
import dev.safelight.common.sampling.degrade.Shape;
import dev.safelight.common.sampling.noise.GaussianNoise;
import dev.safelight.worker.batch.Ticket;
import dev.safelight.worker.checkpoint.Checkpoint;
import dev.safelight.worker.decode.Picture;
import java.lang.ref.WeakReference;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/**
 * Requests of every family, through the engine and TorchScript networks whose answers are known exactly
 * ({@code models/export/test_bundles.py}).
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(120)
class FamiliesTest {
    private static final int SIZE = 64;
    private static final Map<String, Object> NOTHING = Map.of();

    /** Every place another brightness. */
    private static final Picture IMAGE = picture(8, 8, place -> 3 * place + 20);
    /** The left half is drawn. */
    private static final Picture MASK = picture(8, 8, place -> place % 8 < 4 ? 255 : 0);

    private Engine engine;
    private final Map<String, Model> models = new HashMap<>();

    @BeforeAll
    void open() {
        engine = Engine.open("cpu");
    }

    @AfterAll
    void close() {
        engine.close();
    }

    // Classifier guidance.

    /** Where the classifier is Bayes's, its gradient makes of the unconditional network the conditional one. */
    @Test
    void theGradientOfAClassifierLeadsToItsClass() throws Exception {
        float[] guided = one("peaks", "high", 50, 0, Map.of("classifier_guidance", 1.0));
        float[] conditional = one("peaks", "high", 50, 1, NOTHING);
        float[] unguided = one("peaks", "high", 50, 0, NOTHING);
        assertThat(largest(guided, conditional)).isLessThan(2e-2);
        assertThat(largest(unguided, conditional)).isGreaterThan(1);
    }

    // Walks from an image.

    @Test
    void strengthSaysHowFarAWalkLeadsAwayFromTheImage() throws Exception {
        float[] image = numbers(IMAGE);
        Map<String, Object> given = Map.of("image", "given");
        assertThat(one("peaks", null, 40, 1, with(given, "strength", 0))).isEqualTo(image);
        double before = 0;
        for (double strength : new double[] {0.05, 0.3, 0.9}) {
            double away = mean(one("peaks", null, 40, 1, with(given, "strength", strength)), image);
            assertThat(away).as("%s", strength).isGreaterThan(before);
            before = away;
        }
        assertThat(mean(one("peaks", null, 40, 1, with(given, "strength", 0.05)), image))
                .isLessThan(0.2);
        assertThat(one("peaks", null, 40, 1, with(given, "strength", 1))).isEqualTo(one("peaks", null, 40, 1, NOTHING));
    }

    @Test
    void onlyTheStepsThatAreLeftAreWalked() throws Exception {
        assertThat(evaluations("peaks", null, 40, Map.of("image", "given", "strength", 0.5)))
                .isEqualTo(20);
        assertThat(evaluations("peaks", null, 40, NOTHING)).isEqualTo(40);
    }

    /** The noise that leads to an image leads back to it; any other noise does not. */
    @Test
    void inversionFindsTheNoiseOfAnImage() throws Exception {
        float[] image = one("peaks", "high", 50, 1, NOTHING);
        Picture made = pictureOf(image);
        Map<String, Object> options = Map.of("image", "given", "strength", 1, "inversion", true, "source", "high");
        double back = mean(alone(run("peaks", input("high", "ddim", 200, 1, options), made)), image);
        double coarse = mean(alone(run("peaks", input("high", "ddim", 20, 1, options), made)), image);
        assertThat(back).isLessThan(0.02).isLessThan(coarse);
        // Under another class the same noise shows its picture: numbers keep their order, and get another law.
        float[] low = alone(run("peaks", input("low", "ddim", 200, 1, options), made));
        assertThat(average(low)).isCloseTo(-1.5, within(0.15));
        assertThat(correlation(low, image)).isGreaterThan(0.95);
    }

    // Inpainting.

    @Test
    void whatIsMaskedIsDrawnAndTheRestIsKept() throws Exception {
        float[] image = numbers(IMAGE);
        for (String sampler : List.of("ddim", "ddpm", "dpmpp-2m", "euler-a", "unipc", "heun", "plms")) {
            GenerationInput input = input("high", sampler, 20, 1, Map.of("image", "given", "mask", "given"));
            float[] made = alone(run("peaks", input, IMAGE));
            for (int i = 0; i < SIZE; i++) {
                if (i % 8 < 4) {
                    assertThat(made[i]).as("%s %d", sampler, i).isBetween(-0.5f, 2.5f);
                } else {
                    assertThat(made[i]).as("%s %d", sampler, i).isEqualTo(image[i]);
                }
            }
            assertThat(average(left(made))).as(sampler).isCloseTo(1, within(0.25));
        }
        assertThat(average(left(image)))
                .as("the image is no such picture itself")
                .isLessThan(0);
    }

    @Test
    void aWalkAroundAnImageGoesOnWhereItWasPutDown() throws Exception {
        for (Map<String, Object> options : List.of(
                Map.<String, Object>of("image", "given", "mask", "given"),
                Map.<String, Object>of("image", "given", "strength", 0.6),
                Map.<String, Object>of("start", "prior"))) {
            GenerationInput input = input("high", "ddpm", 50, 1, options);
            Model model = model("peaks");
            Originals originals = new Originals(IMAGE, MASK);
            AtomicReference<Progress> progress = new AtomicReference<>();
            Ticket ticket = Jobs.ticket();
            new Generation(model, input, originals).run(ticket, new Progress.Listener() {
                @Override
                public void begun(Progress begun) {
                    progress.set(begun);
                }

                @Override
                public void stepped(Progress stepped) {
                    if (stepped.step() == 4) {
                        ticket.loseLease();
                    }
                }
            });
            Checkpoint checkpoint = Checkpoint.read(progress.get().checkpoint().bytes());
            assertThat(checkpoint.step()).isBetween(4, 9);
            float[] resumed = Latents.of(new Generation(model, input, originals)
                            .run(Jobs.ticket(), Optional.of(checkpoint), Progress.Listener.NONE))
                    .getFirst();
            assertThat(largest(resumed, alone(run("peaks", input, IMAGE)))).isLessThan(1e-5);
            // Another image's place leads elsewhere: the state matters.
            float[] other = Latents.of(new Generation(model, input.alone(input.seed() + 1), originals)
                            .run(Jobs.ticket(), Progress.Listener.NONE))
                    .getFirst();
            assertThat(largest(resumed, other)).isGreaterThan(0.1);
        }
    }

    /** They may be far larger than anything else that a job needs while it is sampled. */
    @Test
    void imagesAreNotKeptWhileAJobIsSampled() throws Exception {
        List<WeakReference<Picture>> read = new ArrayList<>();
        Fitted.Source images = manifest -> {
            Originals originals = new Originals(copied(IMAGE), copied(MASK));
            read.add(new WeakReference<>(originals.image()));
            return originals.fitted(manifest);
        };
        List<Boolean> kept = new ArrayList<>();
        GenerationInput input = input("high", "ddim", 2, 1, Map.of("image", "given", "mask", "given"));
        Outcome outcome = new Generation(model("peaks"), input, images).run(Jobs.ticket(), progress -> {
            System.gc();
            kept.add(read.getFirst().get() != null);
        });
        assertThat(kept).isNotEmpty().containsOnly(false);
        assertThat(alone(outcome)).isEqualTo(alone(run("peaks", input, IMAGE)));

        new Generation(model("peaks"), input("high", "ddim", 2, 1, NOTHING), images)
                .run(Jobs.ticket(), Progress.Listener.NONE);
        assertThat(read).as("read for a job that takes none").hasSize(1);
    }

    private static Picture copied(Picture picture) {
        return new Picture(
                picture.width(),
                picture.height(),
                picture.channels(),
                picture.pixels().clone());
    }

    /** Networks that were trained with masks see the mask and the rest of the image. */
    @Test
    void anInpaintingNetworkIsShownTheMask() throws Exception {
        GenerationInput input = input(null, "ddim", 5, 1, Map.of("image", "given", "mask", "given"));
        float[] made = alone(run("painter", input, IMAGE));
        float[] image = numbers(IMAGE);
        for (int i = 0; i < SIZE; i++) {
            assertThat(made[i]).isCloseTo(i % 8 < 4 ? 0.5f : image[i], within(1e-4f));
        }
        assertThat(one("painter", null, 5, 1, NOTHING)).containsOnly(new float[] {0.5f}, within(1e-4f));
    }

    @Test
    void aJobWhoseImageIsNotThereFails() throws Exception {
        Outcome outcome = new Generation(model("peaks"), input("high", "ddim", 5, 1, Map.of("image", "given")))
                .run(Jobs.ticket(), Progress.Listener.NONE);
        assertThat(outcome)
                .isEqualTo(new Outcome.Failed(new JobError("invalid_input", "the job's image is not there")));
    }

    /** An encoder gives a law: what is drawn of it is the image, less some. */
    @Test
    void anEncoderReadsTheImage() throws Exception {
        Picture large = picture(16, 16, place -> place / 16 < 8 ? 255 : 0);
        float[] latent =
                alone(run("shrunk", input(null, "ddim", 20, 1, Map.of("image", "given", "strength", 0)), large));
        float[] draw = new GaussianNoise(7).unit(Noise.ENCODER, 0, SIZE);
        for (int i = 0; i < SIZE; i++) {
            assertThat(latent[i]).isCloseTo((i < 32 ? 1 : -1) + 0.01f * draw[i], within(1e-6f));
        }
    }

    // Priors.

    /** ES-DDPM: a fifth of the steps, and still the law of the data (Lyu et al. 2022). */
    @Test
    void aWalkMayStartFromAPriorsPicture() throws Exception {
        Map<String, Object> prior = Map.of("start", "prior");
        float[] made = all("peaks", input("high", "ddpm", 100, 1, prior), 8);
        assertThat(average(made)).isCloseTo(1, within(0.06));
        assertThat(deviation(made)).isCloseTo(0.35, within(0.04));
        assertThat(evaluations("peaks", "high", 100, prior))
                .as("20 steps and the prior")
                .isEqualTo(21);
        assertThat(evaluations("peaks", "high", 100, with(prior, "start_time", 399)))
                .isEqualTo(41);

        // The code and the noise have seeds of their own.
        float[] one = one("peaks", "high", 100, 1, with(prior, "prior_seed", 5));
        float[] same = alone(run(
                "peaks",
                input("high", "ddim", 100, 1, with(prior, "prior_seed", 5)).alone(8),
                IMAGE));
        float[] other = one("peaks", "high", 100, 1, with(prior, "prior_seed", 6));
        assertThat(one).isNotEqualTo(same).isNotEqualTo(other);
        assertThat(refusal("peaks", input(null, "ddim", 5, 1, prior))).contains("name one");
        assertThat(refusal("peaks", input("high", "ddim", 5, 1, Map.of("prior_seed", 1))))
                .contains("\"start\"");
    }

    /** TDPM: the prior makes the noisy latent itself. */
    @Test
    void aTruncatedProcessStartsAtItsPriorsLatent() throws Exception {
        float[] made = all("truncated", input(null, "ddpm", 100, 1, NOTHING), 16);
        assertThat(average(made)).isCloseTo(1, within(0.05));
        assertThat(deviation(made)).isCloseTo(0.35, within(0.03));
        assertThat(evaluations("truncated", null, 100, NOTHING)).isEqualTo(21);
    }

    /** DiffuseVAE, formulation 1: the picture is the prior's, and a little of the noise's. */
    @Test
    void aRefinerSeesThePriorsPicture() throws Exception {
        float[] first = one("refined", null, 10, 1, Map.of("prior_seed", 3));
        float[] refinedAnew = alone(run(
                "refined", input(null, "ddim", 10, 1, Map.of("prior_seed", 3)).alone(8), IMAGE));
        float[] otherCode = one("refined", null, 10, 1, Map.of("prior_seed", 4));
        float[] code = new GaussianNoise(3).unit(Noise.PRIOR, 0, SIZE);
        for (int i = 0; i < SIZE; i++) {
            assertThat(first[i]).isCloseTo(0.25f + 0.5f * code[i], within(0.101f));
        }
        assertThat(largest(first, refinedAnew)).isBetween(0.01, 0.2);
        assertThat(largest(first, otherCode)).isGreaterThan(0.5);
    }

    /** Formulation 2: the process ends around the prior's picture, and what comes out is not shifted by it. */
    @Test
    void aProcessAroundAPictureEndsInTheData() throws Exception {
        float[] made = all("around", input(null, "ddpm", 100, 1, Map.of("prior_seed", 3)), 8);
        float[] code = new GaussianNoise(3).unit(Noise.PRIOR, 0, SIZE);
        assertThat(average(made)).isCloseTo(0.3, within(0.03));
        assertThat(deviation(made)).isCloseTo(0.1, within(0.03));
        assertThat(Math.abs(correlation(Arrays.copyOf(made, SIZE), code))).isLessThan(0.4);
    }

    // Cold diffusion.

    @Test
    void aRestorerStartsFromWhatIsLeftOfAnImage() throws Exception {
        float[] image = numbers(IMAGE);
        Pixelate pixelate = new Pixelate(new Shape(1, 8, 8), 3);
        float[] made =
                alone(run("restored", input(null, "cold", 3, 1, Map.of("image", "given", "strength", 0.67)), IMAGE));
        assertThat(made).containsExactly(pixelate.apply(image, 2, new float[0]), within(1e-6f));
        float[] restored = alone(run(
                "restored",
                input(null, "cold", 3, 1, Map.of("image", "given", "strength", 0.67, "degraded", true)),
                IMAGE));
        // x − D(x, 2) + D(x, 1), then x − D(x, 1) + x of the network that changes nothing.
        assertThat(largest(restored, made)).isGreaterThan(0.05);
        assertThat(average(restored)).isCloseTo(average(image), within(1e-5));
        float[] fromNothing = alone(run("restored", input(null, "cold", 3, 1, NOTHING), IMAGE));
        assertThat(deviation(fromNothing)).isLessThan(0.01);
        assertThat(average(fromNothing)).isBetween(0.0, 1.0);
    }

    // Noise of other laws.

    @Test
    void noiseHasTheLawThatTheModelWasTrainedOn() throws Exception {
        float[] gamma = all("gamma-law", input(null, "gamma", 1, 1, NOTHING), 16);
        float[] mixture = all("mixture-law", input(null, "mixture", 1, 1, NOTHING), 16);
        assertThat(moment(gamma, 3)).isBetween(0.4, 1.2);
        assertThat(moment(gamma, 2)).isBetween(0.85, 1.15);
        assertThat(moment(mixture, 4)).isBetween(1.8, 2.5);
        assertThat(Math.abs(moment(mixture, 3))).isLessThan(0.25);
        assertThat(refusal("gamma-law", input(null, "ddim", 1, 1, NOTHING))).contains("does not offer");
        // An image is noised by the same law: its smallest numbers have a floor, which normal ones have not.
        float[] noised = all("gamma-law", input(null, "gamma", 4, 1, Map.of("image", "given", "strength", 0.25)), 4);
        assertThat(noised).hasSize(4 * SIZE);
    }

    // Networks that draw their answer, and learned drifts.

    @Test
    void aGeneratorGetsFreshRandomnessInEveryStep() throws Exception {
        float[] made = alone(run("drawn", input(null, "ddgan", 4, 1, NOTHING), IMAGE));
        assertThat(made).isEqualTo(new GaussianNoise(7).unit(Noise.GENERATOR, 3, SIZE));
        assertThat(made).isNotEqualTo(new GaussianNoise(7).unit(Noise.GENERATOR, 0, SIZE));
    }

    @Test
    void aLearnedDriftTakesPartInEveryStep() throws Exception {
        float[] made = all("flowing", input(null, "diffflow", 20, 1, NOTHING), 16);
        assertThat(deviation(made)).isBetween(0.93, 1.09);
        assertThat(refusal("flowing", input(null, "diffflow", 20, 1, Map.of("image", "given"))))
                .contains("learned process");
        assertThat(refusal("flowing", input(null, "ddim", 20, 1, NOTHING))).contains("Gaussian");
    }

    /** Without its network a mixed score is that of unit normal data, whose ODE moves nothing. */
    @Test
    void aMixedScoreIsMixedInTheEngine() throws Exception {
        float[] made = alone(run("mixed", input(null, "pf-ode", 20, 1, NOTHING), IMAGE));
        assertThat(largest(made, new GaussianNoise(7).unit(Noise.START, 0, SIZE)))
                .isLessThan(1e-2);
    }

    // Factors.

    @Test
    void factorsMayBeWholeInPartsOrTogether() throws Exception {
        halves(Map.of("factors", Map.of("level", "b")), 0.5, 0.5);
        halves(Map.of("factors", Map.of("level", "a", "right", "q")), -0.5, -0.25);
        halves(Map.of("factors", Map.of("level", Map.of("a", 0.25, "b", 0.75))), 0.25, 0.25);
        halves(Map.of("factors", Map.of("right", Map.of("q", 0.5))), 0, 0.125);
        halves(NOTHING, 0, 0);
        Map<String, Object> first = Map.of("factors", Map.of("level", "b"), "weight", 1);
        Map<String, Object> second = Map.of("factors", Map.of("right", "q"), "weight", 2);
        halves(Map.of("compose", List.of(first, second)), 0.5, 1);
        halves(Map.of("factors", Map.of("level", "b"), "negative", Map.of("right", "q")), 1, 0.75, 2);
        assertThat(refusal("weighted", input(null, "ddim", 5, 1, Map.of("factors", Map.of("colour", "red")))))
                .contains("names no factor");
        assertThat(refusal("weighted", input(null, "ddim", 5, 1, Map.of("factors", Map.of("level", "c")))))
                .contains("has no value c");
    }

    private void halves(Map<String, Object> options, double left, double right) throws Exception {
        halves(options, left, right, 1);
    }

    private void halves(Map<String, Object> options, double left, double right, double guidance) throws Exception {
        float[] made = alone(run("weighted", input(null, "ddim", 5, guidance, options), IMAGE));
        for (int i = 0; i < SIZE; i++) {
            assertThat((double) made[i]).as("%s", options).isCloseTo(i % 8 < 4 ? left : right, within(1e-3));
        }
    }

    // What all of them need.

    private Model model(String name) {
        return models.computeIfAbsent(name, _ -> {
            try {
                Path folder = Path.of(
                        FamiliesTest.class.getResource("/families/" + name).toURI());
                return Jobs.decodedBy(Latents.KEEP, engine.load(BundleReader.read(folder)));
            } catch (URISyntaxException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    private static GenerationInput input(
            String label, String sampler, int steps, double guidance, Map<String, Object> options) {
        return new GenerationInput(label, sampler, steps, guidance, 7, 1, "trailing", false, options);
    }

    private Outcome run(String name, GenerationInput input, Picture image) throws InterruptedException {
        return new Generation(model(name), input, new Originals(image, MASK))
                .run(Jobs.ticket(), Progress.Listener.NONE);
    }

    private float[] one(String name, String label, int steps, double guidance, Map<String, Object> options)
            throws InterruptedException {
        return alone(run(name, input(label, "ddim", steps, guidance, options), IMAGE));
    }

    private static float[] alone(Outcome outcome) {
        return Latents.of(outcome).getFirst();
    }

    /** The numbers of several images. */
    private float[] all(String name, GenerationInput input, int images) throws InterruptedException {
        List<float[]> latents = Latents.of(run(name, Jobs.images(images, input), IMAGE));
        float[] all = new float[images * SIZE];
        for (int i = 0; i < images; i++) {
            System.arraycopy(latents.get(i), 0, all, i * SIZE, SIZE);
        }
        return all;
    }

    private long evaluations(String name, String label, int steps, Map<String, Object> options)
            throws InterruptedException {
        Ticket ticket = Jobs.ticket();
        new Generation(model(name), input(label, "ddim", steps, 1, options), new Originals(IMAGE, MASK))
                .run(ticket, Progress.Listener.NONE);
        return ticket.evaluations();
    }

    /** Why an input cannot be run; empty when it can. */
    private String refusal(String name, GenerationInput input) throws InterruptedException {
        return run(name, input, IMAGE) instanceof Outcome.Failed(JobError error) ? error.message() : "";
    }

    private static Map<String, Object> with(Map<String, Object> options, String name, Object value) {
        Map<String, Object> more = new HashMap<>(options);
        more.put(name, value);
        return more;
    }

    private static Picture picture(int width, int height, java.util.function.IntUnaryOperator brightness) {
        byte[] pixels = new byte[width * height];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) brightness.applyAsInt(i);
        }
        return new Picture(width, height, 1, pixels);
    }

    /** In the range of the bundles, −2 to 2. */
    private static float[] numbers(Picture picture) {
        float[] numbers = new float[picture.pixels().length];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) (-2 + 4.0 * Byte.toUnsignedInt(picture.pixels()[i]) / 255);
        }
        return numbers;
    }

    private static Picture pictureOf(float[] numbers) {
        return picture(8, 8, place -> Math.clamp(Math.round((numbers[place] + 2) / 4 * 255), 0, 255));
    }

    private static float[] left(float[] numbers) {
        List<Float> left = new ArrayList<>();
        for (int i = 0; i < numbers.length; i++) {
            if (i % 8 < 4) {
                left.add(numbers[i]);
            }
        }
        float[] half = new float[left.size()];
        for (int i = 0; i < half.length; i++) {
            half[i] = left.get(i);
        }
        return half;
    }

    private static double largest(float[] a, float[] b) {
        return IntStream.range(0, a.length)
                .mapToDouble(i -> Math.abs(a[i] - b[i]))
                .max()
                .orElseThrow();
    }

    private static double mean(float[] a, float[] b) {
        return IntStream.range(0, a.length)
                .mapToDouble(i -> Math.abs(a[i] - b[i]))
                .average()
                .orElseThrow();
    }

    private static double average(float[] values) {
        return IntStream.range(0, values.length)
                .mapToDouble(i -> values[i])
                .average()
                .orElseThrow();
    }

    private static double deviation(float[] values) {
        double average = average(values);
        return Math.sqrt(IntStream.range(0, values.length)
                .mapToDouble(i -> (values[i] - average) * (values[i] - average))
                .average()
                .orElseThrow());
    }

    private static double moment(float[] values, int power) {
        return IntStream.range(0, values.length)
                .mapToDouble(i -> Math.pow(values[i], power))
                .average()
                .orElseThrow();
    }

    private static double correlation(float[] a, float[] b) {
        double meanA = average(a);
        double meanB = average(b);
        double sum = IntStream.range(0, a.length)
                .mapToDouble(i -> (a[i] - meanA) * (b[i] - meanB))
                .average()
                .orElseThrow();
        return sum / deviation(a) / deviation(b);
    }
}
