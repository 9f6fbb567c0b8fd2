package dev.safelight.worker.generate;

import static java.lang.Boolean.TRUE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.request.Recipes;
import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Offer;
import dev.safelight.common.sampling.Option;
import dev.safelight.common.sampling.Prediction;
import dev.safelight.common.sampling.Process;
import dev.safelight.common.sampling.Setting;
import dev.safelight.common.sampling.Settings;
import dev.safelight.common.sampling.Spacing;
import dev.safelight.common.sampling.Values;
import dev.safelight.common.sampling.noise.GaussianNoise;
import dev.safelight.common.sampling.sampler.Methods;
import dev.safelight.worker.batch.Batcher;
import dev.safelight.worker.batch.Networks;
import dev.safelight.worker.batch.Row;
import dev.safelight.worker.decode.Picture;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Requests that nobody thought of: drawn at random from what a model says it takes, by a seed that a failure names. Any
 * valid one ends with finite numbers, any other is refused before the network is asked.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
class AnyRequestTest {
    private static final int REQUESTS = Boolean.getBoolean("safelight.long") ? 2000 : 60;
    private static final List<String> CLASSES =
            Jobs.tiny().manifest().conditioning().classes();

    private static final Originals IMAGES = new Originals(
            new Picture(2, 1, 1, new byte[] {0, 99}), new Picture(1, 2, 3, new byte[] {0, 0, 0, -1, -1, -1}));

    private final Recipes recipes = new Recipes(Jobs.tiny());
    private Batcher batcher;
    private Networks.RowWise network;

    @BeforeAll
    void open() {
        batcher = new Batcher("any");
        network = new Networks.RowWise(16, AnyRequestTest::squash);
    }

    @AfterAll
    void close() {
        batcher.close();
    }

    static IntStream seeds() {
        return IntStream.range(0, REQUESTS);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void aValidRequestEndsWithFiniteNumbers(int seed) throws Exception {
        GenerationInput input = valid(new Random(seed));

        Model model = Jobs.model(batcher, network, Latents.KEEP);
        assertThat(Latents.of(new Generation(model, input, IMAGES).run(Jobs.ticket(), Progress.Listener.NONE)))
                .as("seed %d: %s", seed, input)
                .allSatisfy(AnyRequestTest::isFinite);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void anInvalidOneIsRefused(int seed) throws Exception {
        Random random = new Random(seed);
        GenerationInput input = spoiled(valid(random), random);
        int calls = network.calls().size();

        assertThat(Jobs.run(Jobs.model(batcher, network, Latents.KEEP), input))
                .as("seed %d: %s", seed, input)
                .isInstanceOfSatisfying(
                        Outcome.Failed.class,
                        failed -> assertThat(failed.error().code()).isEqualTo("invalid_input"));
        assertThat(network.calls()).hasSize(calls);
    }

    private GenerationInput valid(Random random) {
        Method method = any(recipes.methods(), random);
        // A spacing that any number of steps below some hundred can be laid out with.
        Spacing spacing = any(List.of(Spacing.values()), random);
        int steps = 2 + random.nextInt(18);
        String label = random.nextInt(4) == 0 ? null : any(CLASSES, random);
        Map<String, Object> options = new LinkedHashMap<>();
        for (Option<?> option : recipes.options(method)) {
            if (random.nextInt(3) == 0) {
                value(option, random).ifPresent(value -> options.put(option.name(), value));
            }
        }
        if (options.containsKey("mask") || options.containsKey("strength") || options.get("inversion") == TRUE) {
            options.put("image", "an image");
        }
        if (options.get("inversion") == TRUE) {
            options.remove("mask");
            options.put("eta", 0);
        }
        if (label == null) {
            options.remove("negative");
        } else {
            options.remove("compose");
        }
        return new GenerationInput(
                label,
                method.name(),
                steps,
                random.nextInt(3) == 0 ? random.nextInt(3) : 6 * random.nextDouble(),
                random.nextLong(1L << 50),
                1 + random.nextInt(2),
                spacing.word(),
                false,
                options);
    }

    private static Optional<Object> value(Option<?> option, Random random) {
        return switch (option) {
            case Option.Real real ->
                Optional.of(real.low() + random.nextDouble() * (Math.min(real.high(), 10) - real.low()));
            case Option.Whole whole ->
                Optional.of(whole.low() + random.nextInt(Math.min(whole.high(), 5) - whole.low() + 1));
            // Neither model here has learned its variance.
            case Option.Word word ->
                Optional.<Object>of(any(word.words(), random)).filter(value -> !value.equals("learned"));
            case Option.Flag _ -> Optional.of(random.nextBoolean());
            case Option.Text _ -> Optional.of(any(CLASSES, random));
            case Option.Prompt _ -> Optional.of("a prompt");
            case Option.Terms _ ->
                Optional.of(List.of(
                        Map.of("class", any(CLASSES, random), "weight", random.nextDouble()),
                        Map.of("class", any(CLASSES, random), "weight", -random.nextDouble())));
            // It says how many steps there are; layouts have a test of their own.
            case Option.Seed _ -> Optional.of(random.nextLong(1L << 50));
            case Option.Image _ -> Optional.of("an image");
            case Option.Encoding encoding -> Optional.of(Map.of("format", any(encoding.formats(), random)));
            case Option.Factors _, Option.FactorTerms _, Option.Reals _ -> Optional.empty();
        };
    }

    private GenerationInput spoiled(GenerationInput input, Random random) {
        List<GenerationInput> wrong = new ArrayList<>(List.of(
                input(input, input.sampler(), 0, input.spacing(), input.label()),
                // Linspace may pass between the times of the training.
                input(input, input.sampler(), 1001 + random.nextInt(100), "leading", input.label()),
                input(input, "no-" + input.sampler(), input.steps(), input.spacing(), input.label()),
                input(input, "cold", input.steps(), input.spacing(), input.label()),
                input(input, input.sampler(), input.steps(), "odd", input.label()),
                input(input, input.sampler(), input.steps(), input.spacing(), "dragon")
                        .with("compose", "x"),
                input.with("timesteps", Collections.nCopies(input.steps() + 1, 500)),
                input(input, "ddpm", input.steps(), input.spacing(), input.label())
                        .with("variance", "learned"),
                input.with("threshold", "odd"),
                input.with("threshold_percentile", 2),
                input.with("guidance_rescale", "much"),
                input.with("negative", "dragon"),
                input.with("compose", List.of(Map.of("class", "dragon", "weight", 1)))));
        return any(wrong, random);
    }

    private static GenerationInput input(
            GenerationInput input, String sampler, int steps, String spacing, String label) {
        Map<String, Object> options = new LinkedHashMap<>(input.options());
        options.remove("timesteps");
        options.remove("sigmas");
        return new GenerationInput(
                label, sampler, steps, input.guidance(), input.seed(), input.count(), spacing, false, options);
    }

    // The other processes, without bundles of their own: straight from what a bundle would offer.

    @ParameterizedTest
    @MethodSource("seeds")
    void everyMethodOfEveryProcessEndsWithFiniteNumbers(int seed) {
        Random random = new Random(seed);
        Offer offer = any(
                Settings.offers().stream()
                        .filter(any -> any.process().kind() != Process.Kind.LEARNED)
                        .toList(),
                random);
        List<Method> possible = Methods.all().stream()
                .filter(method -> method.lacking(offer).isEmpty())
                // Generators and learned processes take the steps they were trained for, which the other methods could
                // not.
                .filter(method -> offer.latentSize() == 0 || method.name().equals("ddgan"))
                .toList();
        Method method = any(possible, random);
        Map<String, Object> options = new LinkedHashMap<>();
        for (Option<?> option : method.allOptions()) {
            value(option, random).ifPresent(value -> options.put(option.name(), value));
        }
        int steps = offer.latentSize() > 0 ? 9 : 2 + random.nextInt(20);
        Setting setting = new Setting(offer, steps, any(List.of(Spacing.values()), random), new Values(options));
        try {
            method.sampler(setting);
        } catch (IllegalArgumentException refused) {
            assertThat(refused).hasMessageMatching("(?s).*(steps|eta must be 0).*");
            return;
        }
        Prediction prediction = offer.process().level(1).variancePreserving() ? Prediction.V : Prediction.X0;

        float[] end = new Rig(batcher, network, prediction).sample(method.name(), setting, new GaussianNoise(seed), 16);

        assertThat(end).as("seed %d: %s %s", seed, method.name(), options).satisfies(AnyRequestTest::isFinite);
        assertThat(end).hasSize(16);
    }

    private static void isFinite(float[] latent) {
        for (float value : latent) {
            assertThat(Float.isFinite(value)).isTrue();
        }
    }

    private static <T> T any(List<T> list, Random random) {
        return list.get(random.nextInt(list.size()));
    }

    private static float[] squash(Row row) {
        float[] output = new float[row.latent().length];
        for (int i = 0; i < output.length; i++) {
            output[i] = (float) Math.tanh(row.latent()[i] + row.conditioning().hashCode() % 3);
        }
        return output;
    }
}
