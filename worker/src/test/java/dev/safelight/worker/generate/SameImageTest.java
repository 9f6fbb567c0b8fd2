package dev.safelight.worker.generate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.sampling.Noise;
import dev.safelight.common.sampling.noise.TorchNoise;
import dev.safelight.worker.batch.Batcher;
import dev.safelight.worker.batch.Network;
import dev.safelight.worker.batch.Networks;
import dev.safelight.worker.decode.Decoder;
import dev.safelight.worker.decode.Decoders;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** The same request with the same seed gives the same image, alone or in a batch: on a real network through PyTorch. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SameImageTest {
    private static final List<GenerationInput> UNLIKE = List.of(
            Jobs.input("ddpm", 24, 1, 1),
            Jobs.input("ddpm", 15, 3, 2),
            new GenerationInput("circle", "ddim", 20, 2, 3, 1, 0, "leading", false),
            new GenerationInput("cross", "ddim", 17, 1, 4, 1, 1, "linspace", false),
            new GenerationInput(null, "euler", 21, 1, 5, 1, 0, "linspace", false),
            Jobs.input("euler", 13, 4.5, 6),
            Jobs.input("dpmpp-2m", 12, 2, 7),
            new GenerationInput("triangle", "dpmpp-2m", 19, 0, 8, 1, 0, "leading", false),
            new GenerationInput("circle", "dpmpp-2m", 11, 1.5, 9, 3, 0, "trailing", false),
            Jobs.images(2, Jobs.input("ddpm", 14, 2, 12)).with("noise", "torch"),
            Jobs.input("euler-a", 8, 1.5, 14),
            // From the almost infinite σ̂ of this schedule's last index these would magnify the last bits of the
            // network.
            new GenerationInput("square", "heun", 5, 2, 15, 1, 0, "leading", false),
            new GenerationInput("cross", "lms", 9, 1, 16, 1, 0, "leading", false),
            new GenerationInput("circle", "plms", 8, 2, 17, 1, 0, "leading", false),
            new GenerationInput("square", "dpmpp-3m", 8, 2, 19, 1, 0, "leading", false),
            Jobs.input("dpmpp-2m-sde", 9, 1, 18),
            Jobs.input("unipc", 7, 1.5, 20),
            Jobs.input("ancestral", 9, 1, 21),
            Jobs.input("ddpm", 8, 1, 22).with("variance", "large"),
            new GenerationInput("cross", "euler", 7, 2, 23, 1, 0, "leading", false).with("sigmas", "karras"),
            new GenerationInput("square", "unipc", 8, 1, 24, 1, 0, "leading", false).with("order", 3),
            Jobs.input("ddim", 8, 3, 25).with("negative", "circle").with("guidance_rescale", 0.5),
            Jobs.input("ddim", 9, 4, 26).with("threshold", "dynamic").with("guidance_sigma_max", 3.0));

    private Engine engine;
    private Model model;

    @BeforeAll
    void open() {
        engine = Engine.open("cpu");
        model = Jobs.decodedBy(Latents.KEEP, engine.load(Jobs.tiny()));
    }

    @AfterAll
    void close() {
        engine.close();
    }

    @Test
    void aMixedBatchChangesNoImage() throws Exception {
        List<float[]> alone = alone(UNLIKE);
        List<float[]> mixed = mixed(UNLIKE);

        Decoder decoder = Decoders.of(model.bundle().manifest()).orElseThrow();
        List<Integer> differences = new ArrayList<>();
        for (int image = 0; image < alone.size(); image++) {
            assertThat(largestDifference(alone.get(image), mixed.get(image))).isLessThan(1e-4);
            byte[] expected = decoder.decode(alone.get(image)).pixels();
            byte[] actual = decoder.decode(mixed.get(image)).pixels();
            for (int i = 0; i < expected.length; i++) {
                differences.add(Math.abs((expected[i] & 0xff) - (actual[i] & 0xff)));
            }
        }
        assertThat(differences).allMatch(difference -> difference <= 1);
        assertThat(Collections.frequency(differences, 0)).isGreaterThanOrEqualTo((int) (0.999 * differences.size()));
        // The images themselves are unlike, so an image given to the wrong job would have been seen.
        assertThat(largestDifference(alone.get(0), alone.get(1))).isGreaterThan(0.1);
    }

    @Test
    void aStrictImageIsTheSameBitForBit() throws Exception {
        List<GenerationInput> strict = UNLIKE.stream().map(Jobs::strict).toList();
        List<float[]> alone = alone(strict);

        List<GenerationInput> crowd = new ArrayList<>(strict);
        crowd.addAll(UNLIKE);
        List<float[]> mixed = mixed(crowd);

        for (int image = 0; image < alone.size(); image++) {
            assertThat(mixed.get(image)).isEqualTo(alone.get(image));
        }
    }

    /** Were it otherwise, strict would cost something and bring nothing, and the test above could not fail. */
    @Test
    void withoutStrictTheBatchIsSeenInTheLastBits() throws Exception {
        List<float[]> alone = alone(UNLIKE);
        List<float[]> mixed = mixed(UNLIKE);

        assertThat(IntStream.range(0, alone.size())
                        .anyMatch(image -> !Arrays.equals(alone.get(image), mixed.get(image))))
                .isTrue();
    }

    @Test
    void eachImageOfAJobIsTheImageOfItsOwnSeed() throws Exception {
        GenerationInput input = Jobs.strict(Jobs.input("ddpm", 10, 2, 40));
        List<float[]> four = Latents.of(Jobs.run(model, Jobs.images(4, input)));

        for (int image = 0; image < 4; image++) {
            GenerationInput single = Jobs.strict(Jobs.input("ddpm", 10, 2, 40 + image));
            assertThat(four.get(image))
                    .isEqualTo(Latents.of(Jobs.run(model, single)).getFirst());
        }
    }

    /** A network whose rows do not see each other leaves only the noise to differ: not one bit may. */
    @Test
    void theNoiseIsTheSameBitForBit() throws Exception {
        Network rowWise = new Networks.RowWise(16, row -> {
            float[] output = row.latent().clone();
            for (int i = 0; i < output.length; i++) {
                output[i] = (float) Math.tanh(output[i] + row.time() / 1000);
            }
            return output;
        });
        try (Batcher batcher = new Batcher("noise")) {
            Model pure = Jobs.model(batcher, rowWise, Latents.KEEP);
            List<float[]> alone = new ArrayList<>();
            for (GenerationInput input : UNLIKE) {
                alone.addAll(Latents.of(Jobs.run(pure, input)));
            }
            List<float[]> mixed = new ArrayList<>();
            Jobs.together(pure, UNLIKE).forEach(outcome -> mixed.addAll(Latents.of(outcome)));

            for (int image = 0; image < alone.size(); image++) {
                assertThat(mixed.get(image)).isEqualTo(alone.get(image));
            }
            Set<float[]> different = new TreeSet<>(Comparator.comparing(Arrays::hashCode));
            different.addAll(alone);
            assertThat(different).hasSameSizeAs(alone);
        }
    }

    @Test
    void aRequestCanHaveTheNoiseThatTorchDraws() throws Exception {
        List<float[]> seen = Collections.synchronizedList(new ArrayList<>());
        Network firsts = new Networks.RowWise(16, row -> {
            seen.add(row.latent());
            return row.latent();
        });
        try (Batcher batcher = new Batcher("torch")) {
            Model pure = Jobs.model(batcher, firsts, Latents.KEEP);
            Jobs.run(pure, Jobs.images(2, Jobs.input("ddim", 1, 1, 30)).with("noise", "torch"));
            for (int image = 0; image < 2; image++) {
                float[] torch = new TorchNoise(30 + image).unit(Noise.START, 0, pure.latentSize());
                assertThat(seen).anySatisfy(latent -> assertThat(latent).containsExactly(torch));
            }
        }
    }

    private List<float[]> alone(List<GenerationInput> inputs) throws Exception {
        List<float[]> latents = new ArrayList<>();
        for (GenerationInput input : inputs) {
            latents.addAll(Latents.of(Jobs.run(model, input)));
        }
        return latents;
    }

    private List<float[]> mixed(List<GenerationInput> inputs) throws Exception {
        List<float[]> latents = new ArrayList<>();
        Jobs.together(model, inputs).forEach(outcome -> latents.addAll(Latents.of(outcome)));
        return latents;
    }

    private static double largestDifference(float[] a, float[] b) {
        return IntStream.range(0, a.length)
                .mapToDouble(i -> Math.abs(a[i] - b[i]))
                .max()
                .orElseThrow();
    }
}
