package dev.safelight.worker.generate;

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
import dev.safelight.common.sampling.schedule.Layouts;
import dev.safelight.common.sampling.schedule.SmoothProcess;
import dev.safelight.worker.batch.Batcher;
import dev.safelight.worker.batch.Networks;
import dev.safelight.worker.batch.Row;
import dev.safelight.worker.decode.Picture;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/**
 * Requests that nobody thought of, drawn from what a model says it takes. Any valid one ends with finite numbers, any other is
 * refused before the network is asked. One that fails is made as small as it can be and still fail. How many are tried is
 * {@code property.tries} of the build.
 */
class AnyRequestTest {
    private static final String SEED = "17";
    private static final List<String> CLASSES =
            Jobs.tiny().manifest().conditioning().classes();
    private static final Recipes RECIPES = new Recipes(Jobs.tiny());

    private static final Originals IMAGES = new Originals(
            new Picture(2, 1, 1, new byte[] {0, 99}), new Picture(1, 2, 3, new byte[] {0, 0, 0, -1, -1, -1}));

    private static Batcher batcher;
    private static Networks.RowWise network;

    @BeforeContainer
    static void open() {
        batcher = new Batcher("any");
        network = new Networks.RowWise(16, AnyRequestTest::squash);
    }

    @AfterContainer
    static void close() {
        batcher.close();
    }

    @Property(seed = SEED)
    void aValidRequestEndsWithFiniteNumbers(@ForAll("valid") GenerationInput input) throws Exception {
        Model model = Jobs.model(batcher, network, Latents.KEEP);
        assertThat(Latents.of(new Generation(model, input, IMAGES).run(Jobs.ticket(), Progress.Listener.NONE)))
                .allSatisfy(AnyRequestTest::isFinite);
    }

    @Property(seed = SEED)
    void anInvalidOneIsRefused(@ForAll("spoiled") GenerationInput input) throws Exception {
        int calls = network.calls().size();

        assertThat(Jobs.run(Jobs.model(batcher, network, Latents.KEEP), input))
                .isInstanceOfSatisfying(
                        Outcome.Failed.class,
                        failed -> assertThat(failed.error().code()).isEqualTo("invalid_input"));
        assertThat(network.calls()).hasSize(calls);
    }

    @Provide
    Arbitrary<GenerationInput> valid() {
        return Arbitraries.of(RECIPES.methods()).flatMap(AnyRequestTest::valid);
    }

    /** The simplest comes first in each list: that is what a failing request is brought down to. */
    private static Arbitrary<GenerationInput> valid(Method method) {
        // A spacing that any number of steps below some hundred can be laid out with.
        Arbitrary<Spacing> spacing = Arbitraries.of(Spacing.class);
        Arbitrary<Integer> steps = Arbitraries.integers().between(2, 19);
        Arbitrary<String> label = Arbitraries.of(CLASSES).injectNull(0.25);
        Arbitrary<Double> guidance = Arbitraries.oneOf(
                Arbitraries.of(1.0, 0.0, 2.0), Arbitraries.doubles().between(0, 6));
        Arbitrary<Long> seed = Arbitraries.longs().between(0, (1L << 50) - 1);
        Arbitrary<Integer> count = Arbitraries.integers().between(1, 2);
        return Combinators.combine(
                        options(RECIPES.options(method)), label, steps, guidance, seed, count, spacing, STRIDE)
                .as((said, named, n, weight, number, images, laid, stride) -> new GenerationInput(
                        named,
                        method.name(),
                        n,
                        weight,
                        number,
                        images,
                        laid.word(),
                        false,
                        timed(agreeing(said, named), method, RECIPES.offer().process(), n, stride)));
    }

    /** Of explicit times, which some requests give. */
    private static final Arbitrary<Integer> STRIDE =
            Arbitraries.integers().between(1, 50).injectNull(0.75);

    /** The same with times in place of whatever else says where the steps are. */
    private static Map<String, Object> timed(
            Map<String, Object> said, Method method, Process process, int steps, Integer stride) {
        if (stride == null || !method.allOptions().contains(Layouts.TIMESTEPS)) {
            return said;
        }
        Map<String, Object> options = new LinkedHashMap<>(said);
        options.keySet().removeAll(List.of("sigmas", "shift", "trajectory"));
        options.put("timesteps", times(process, steps, stride));
        return options;
    }

    private static List<Double> times(Process process, int steps, int stride) {
        if (process instanceof SmoothProcess smooth) {
            double width = (1 - smooth.lowestTime()) / (steps + stride);
            return IntStream.range(0, steps).mapToObj(i -> 1 - i * width).toList();
        }
        int last = IntStream.range(0, 1000).filter(process::covers).max().orElseThrow();
        double width = Math.min(stride, last / Math.max(1, steps - 1));
        return IntStream.range(0, steps).mapToObj(i -> last - i * width).toList();
    }

    /** Each option is said by a third of the requests. */
    private static Arbitrary<Map<String, Object>> options(List<Option<?>> all) {
        List<Arbitrary<Optional<Map.Entry<String, Object>>>> sayings = all.stream()
                .flatMap(option -> value(option).stream().map(values -> said(option.name(), values)))
                .toList();
        return Combinators.combine(sayings).as(said -> {
            Map<String, Object> options = new LinkedHashMap<>();
            said.forEach(saying -> saying.ifPresent(entry -> options.put(entry.getKey(), entry.getValue())));
            return options;
        });
    }

    private static Arbitrary<Optional<Map.Entry<String, Object>>> said(String name, Arbitrary<?> values) {
        return Arbitraries.frequencyOf(
                Tuple.of(2, Arbitraries.just(Optional.empty())),
                Tuple.of(1, values.map(value -> Optional.of(Map.entry(name, value)))));
    }

    /** Options that exclude each other are not valid together. */
    private static Map<String, Object> agreeing(Map<String, Object> said, String label) {
        Map<String, Object> options = new LinkedHashMap<>(said);
        if (options.containsKey("mask")
                || options.containsKey("strength")
                || Boolean.TRUE.equals(options.get("inversion"))) {
            options.put("image", "an image");
        }
        if (Boolean.TRUE.equals(options.get("inversion"))) {
            options.remove("mask");
            options.put("eta", 0);
        }
        options.remove(label == null ? "negative" : "compose");
        if (options.get("guidance_sigma_min") instanceof Double least
                && options.get("guidance_sigma_max") instanceof Double most
                && least > most) {
            options.remove("guidance_sigma_max");
        }
        return options;
    }

    /** What a request may say; empty for times, which depend on the steps, and for what has tests of its own. */
    private static Optional<Arbitrary<?>> value(Option<?> option) {
        return switch (option) {
            case Option.Real real ->
                Optional.of(Arbitraries.doubles()
                        .between(real.low(), Math.min(real.high(), 10))
                        .ofScale(9));
            case Option.Whole whole ->
                Optional.of(Arbitraries.integers().between(whole.low(), Math.min(whole.high(), whole.low() + 4)));
            // Neither model here has learned its variance.
            case Option.Word word -> {
                List<String> words = word.words().stream()
                        .filter(any -> !any.equals("learned"))
                        .toList();
                yield Optional.of(Arbitraries.of(words));
            }
            case Option.Flag _ -> Optional.of(Arbitraries.of(false, true));
            case Option.Text _ -> Optional.of(Arbitraries.of(CLASSES));
            case Option.Prompt _ -> Optional.of(Arbitraries.just("a prompt"));
            case Option.Terms _ ->
                Optional.of(Combinators.combine(term(1), term(-1)).as(List::of));
            case Option.Seed _ -> Optional.of(Arbitraries.longs().between(0, (1L << 50) - 1));
            case Option.Image _ -> Optional.of(Arbitraries.just("an image"));
            case Option.Encoding encoding ->
                Optional.of(Arbitraries.of(encoding.formats()).map(format -> Map.of("format", format)));
            case Option.Factors _, Option.FactorTerms _, Option.Loras _, Option.Reals _ -> Optional.empty();
        };
    }

    private static Arbitrary<Map<String, Object>> term(int sign) {
        return Combinators.combine(
                        Arbitraries.of(CLASSES), Arbitraries.doubles().between(0, 1))
                .as((name, weight) -> Map.of("class", name, "weight", sign * weight));
    }

    @Provide
    Arbitrary<GenerationInput> spoiled() {
        return Combinators.combine(
                        valid(),
                        Arbitraries.integers().between(0, 12),
                        Arbitraries.integers().between(1001, 1100))
                .as(AnyRequestTest::spoiled);
    }

    private static GenerationInput spoiled(GenerationInput input, int way, int tooMany) {
        return List.of(
                        input(input, input.sampler(), 0, input.spacing(), input.label()),
                        // Linspace may pass between the times of the training.
                        input(input, input.sampler(), tooMany, "leading", input.label()),
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
                        input.with("compose", List.of(Map.of("class", "dragon", "weight", 1))))
                .get(way);
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

    /** What a request asks of a bundle that there is none of. */
    record Asked(Method method, Setting setting) {
        @Override
        public String toString() {
            return method.name() + ", " + setting.steps() + " steps, " + setting.spacing() + ", "
                    + setting.values().given() + " of " + setting.process();
        }
    }

    @Property(seed = SEED)
    void everyMethodOfEveryProcessEndsWithFiniteNumbers(
            @ForAll("asked") Asked asked, @ForAll @net.jqwik.api.constraints.IntRange(max = 1000) int seed) {
        Setting setting = asked.setting();
        try {
            asked.method().sampler(setting);
        } catch (IllegalArgumentException refused) {
            assertThat(refused).hasMessageMatching("(?s).*(steps|eta must be 0).*");
            return;
        }
        Prediction prediction = setting.process().level(1).variancePreserving() ? Prediction.V : Prediction.X0;

        float[] end = new Rig(batcher, network, prediction)
                .sample(asked.method().name(), setting, new GaussianNoise(seed), 16);

        assertThat(end).satisfies(AnyRequestTest::isFinite);
        assertThat(end).hasSize(16);
    }

    @Provide
    Arbitrary<Asked> asked() {
        List<Offer> offers = Settings.offers().stream()
                .filter(any -> any.process().kind() != Process.Kind.LEARNED)
                .toList();
        return Arbitraries.of(offers)
                .flatMap(offer -> Arbitraries.of(possible(offer))
                        .flatMap(method -> Combinators.combine(
                                        options(method.allOptions()),
                                        // Generators take the steps they were trained for.
                                        offer.latentSize() > 0
                                                ? Arbitraries.just(9)
                                                : Arbitraries.integers().between(2, 21),
                                        Arbitraries.of(Spacing.class),
                                        STRIDE)
                                .as((options, steps, spacing, stride) -> new Asked(
                                        method,
                                        new Setting(
                                                offer,
                                                steps,
                                                spacing,
                                                new Values(timed(options, method, offer.process(), steps, stride)))))));
    }

    private static List<Method> possible(Offer offer) {
        return Methods.all().stream()
                .filter(method -> method.lacking(offer).isEmpty())
                // The other methods could not take those steps.
                .filter(method -> offer.latentSize() == 0 || method.name().equals("ddgan"))
                .toList();
    }

    private static void isFinite(float[] latent) {
        for (float value : latent) {
            assertThat(Float.isFinite(value)).isTrue();
        }
    }

    private static float[] squash(Row row) {
        float[] output = new float[row.latent().length];
        for (int i = 0; i < output.length; i++) {
            output[i] = (float) Math.tanh(row.latent()[i] + row.conditioning().hashCode() % 3);
        }
        return output;
    }
}
