package dev.safelight.worker.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.request.Recipes;
import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Process;
import dev.safelight.worker.batch.Batcher;
import dev.safelight.worker.batch.Conditioning;
import dev.safelight.worker.batch.Networks;
import dev.safelight.worker.batch.Row;
import dev.safelight.worker.batch.Ticket;
import dev.safelight.worker.decode.Decoders;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class GenerationTest {
    private static final int NULL_CLASS = 4;

    private final Batcher batcher = new Batcher("test");

    @AfterEach
    void close() {
        batcher.close();
    }

    @Test
    void listensToTheSlowestImage() throws Exception {
        List<Integer> steps = Collections.synchronizedList(new ArrayList<>());
        List<Boolean> previews = Collections.synchronizedList(new ArrayList<>());

        Outcome outcome = new Generation(model(GenerationTest::velocity), Jobs.images(5, Jobs.input("ddim", 12, 2, 1)))
                .run(Jobs.ticket(), progress -> {
                    steps.add(progress.step());
                    previews.add(IntStream.range(0, 5)
                            .mapToObj(progress::denoised)
                            .map(Optional::orElseThrow)
                            .allMatch(clean -> clean.length == 28 * 28));
                    assertThat(progress.steps()).isEqualTo(12);
                });

        assertThat(Latents.of(outcome)).hasSize(5);
        assertThat(steps).hasSizeLessThanOrEqualTo(12).isSorted().endsWith(12);
        assertThat(previews).containsOnly(true);
    }

    @Test
    void cancelEndsAllImages() throws Exception {
        assertThat(stoppedAtStepThree(Ticket::cancel)).isInstanceOf(Outcome.Canceled.class);
    }

    @Test
    void aLostLeaseEndsAllImages() throws Exception {
        assertThat(stoppedAtStepThree(Ticket::loseLease)).isInstanceOf(Outcome.LeaseLost.class);
    }

    private Outcome stoppedAtStepThree(Consumer<Ticket> stop) throws InterruptedException {
        Ticket ticket = Jobs.ticket();
        AtomicInteger last = new AtomicInteger();
        Outcome outcome = new Generation(
                        model(GenerationTest::velocity), Jobs.images(3, Jobs.input("dpmpp-2m", 500, 1, 1)))
                .run(ticket, progress -> {
                    last.set(progress.step());
                    if (progress.step() == 3) {
                        stop.accept(ticket);
                    }
                });
        assertThat(last).hasValueLessThan(6);
        return outcome;
    }

    @Test
    void aTicketThatWasCanceledBeforeRunsNothing() throws Exception {
        Networks.RowWise network = new Networks.RowWise(8, GenerationTest::velocity);
        Ticket ticket = Jobs.ticket();
        ticket.cancel();

        assertThat(new Generation(Jobs.model(batcher, network, Latents.KEEP), Jobs.input("ddim", 5, 1, 1))
                        .run(ticket, Progress.Listener.NONE))
                .isInstanceOf(Outcome.Canceled.class);
        assertThat(network.calls()).isEmpty();
    }

    @Test
    void aPoisonousImageFailsItsJobAndNoOther() throws Exception {
        // Only the class "cross" makes this network throw.
        Model model = model(row -> {
            if (row.conditioning() instanceof Conditioning.ClassIndex(int index) && index == 3) {
                throw new IllegalStateException("poison");
            }
            return velocity(row);
        });
        List<GenerationInput> inputs = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            inputs.add(new GenerationInput(i == 2 ? "cross" : "circle", "ddim", 20, 1, i, 2, 0, "trailing", false));
        }

        List<Outcome> outcomes = Jobs.together(model, inputs);

        for (int i = 0; i < 6; i++) {
            if (i == 2) {
                assertThat(outcomes.get(i)).isInstanceOfSatisfying(Outcome.Failed.class, failed -> {
                    assertThat(failed.error().code()).isEqualTo("network_failed");
                    assertThat(failed.error().message()).contains("poison");
                });
            } else {
                assertThat(Latents.of(outcomes.get(i))).hasSize(2);
            }
        }
    }

    @Test
    void aDivergedWalkIsAFailureAndNotAPicture() throws Exception {
        Model model = Jobs.model(
                batcher,
                new Networks.RowWise(8, row -> {
                    float[] output = new float[row.latent().length];
                    output[0] = Float.NaN;
                    return output;
                }),
                Decoders.of(Jobs.tiny().manifest()).orElseThrow());

        assertThat(Jobs.run(model, Jobs.input("ddim", 3, 1, 1)))
                .isInstanceOfSatisfying(
                        Outcome.Failed.class,
                        failed -> assertThat(failed.error().code()).isEqualTo("diverged"));
    }

    @Test
    void anInterruptedCallerLeavesNoWalkBehind() throws Exception {
        CountDownLatch stepped = new CountDownLatch(1);
        CompletableFuture<Throwable> thrown = new CompletableFuture<>();
        Thread caller = Thread.ofVirtual().start(() -> {
            try {
                new Generation(model(GenerationTest::velocity), Jobs.images(4, Jobs.input("ddpm", 900, 2, 1)))
                        .run(Jobs.ticket(), _ -> stepped.countDown());
                thrown.complete(null);
            } catch (Throwable e) {
                thrown.complete(e);
            }
        });
        stepped.await();
        caller.interrupt();

        assertThat(thrown.get()).isInstanceOf(InterruptedException.class);
        // Whoever had stayed would hold up this job's calls for as long as patience lasts, and be seen in its batches.
        Networks.RowWise network = new Networks.RowWise(8, GenerationTest::velocity);
        Jobs.run(Jobs.model(batcher, network, Latents.KEEP), Jobs.input("ddim", 5, 1, 1));
        assertThat(network.calls()).containsExactly(1, 1, 1, 1, 1);
    }

    @Test
    void aBugIsThrown() {
        assertThatThrownBy(() -> new Generation(model(GenerationTest::velocity), Jobs.input("ddim", 5, 1, 1))
                        .run(Jobs.ticket(), _ -> {
                            throw new IllegalStateException("bug");
                        }))
                .isInstanceOf(IllegalStateException.class)
                .hasRootCauseMessage("bug");
    }

    // Guidance, on a network that answers each condition differently.

    @Test
    void aWeightOfOneIsTheConditionalSampleBitForBit() throws Exception {
        assertThat(guided(1, GenerationTest::velocity)).isEqualTo(guided(1, GenerationTest::onlyConditional));
    }

    @Test
    void aWeightOfZeroIsTheUnconditionalSampleBitForBit() throws Exception {
        assertThat(guided(0, GenerationTest::velocity)).isEqualTo(guided(0, GenerationTest::onlyNull));
        GenerationInput unlabelled = new GenerationInput(null, "ddim", 10, 7, 5, 1, 0, "trailing", false);
        assertThat(Latents.of(Jobs.run(model(GenerationTest::velocity), unlabelled))
                        .getFirst())
                .isEqualTo(guided(0, GenerationTest::velocity));
    }

    @Test
    void anyOtherWeightNeedsBothBranches() throws Exception {
        assertThat(guided(2, GenerationTest::velocity))
                .isNotEqualTo(guided(1, GenerationTest::velocity))
                .isNotEqualTo(guided(0, GenerationTest::velocity));
        assertThat(guided(2, GenerationTest::onlyConditional)).contains(Float.NaN);
        assertThat(guided(2, GenerationTest::onlyNull)).contains(Float.NaN);
        assertThat(guided(1.0000001, GenerationTest::onlyConditional)).contains(Float.NaN);
    }

    @Test
    void composingOneClassIsPlainGuidanceBitForBit() throws Exception {
        GenerationInput composed = new GenerationInput(null, "ddim", 10, 1, 5, 1, 0, "trailing", false)
                .with("compose", List.of(Map.of("class", "square", "weight", 2.5)));
        assertThat(Latents.of(Jobs.run(model(GenerationTest::velocity), composed))
                        .getFirst())
                .isEqualTo(guided(2.5, GenerationTest::velocity));
    }

    @Test
    void anotherClassCanTakeThePlaceOfNone() throws Exception {
        GenerationInput negative = Jobs.input("ddim", 10, 3, 5).with("negative", "circle");
        float[] away = Latents.of(Jobs.run(model(GenerationTest::onlyConditional), negative))
                .getFirst();

        assertThat(away).doesNotContain(Float.NaN).isNotEqualTo(guided(3, GenerationTest::velocity));
    }

    @Test
    void outsideTheIntervalOnlyTheClassIsAsked() throws Exception {
        GenerationInput never = Jobs.input("ddim", 10, 3, 5).with("guidance_sigma_min", 1e6);
        assertThat(Latents.of(Jobs.run(model(GenerationTest::onlyConditional), never))
                        .getFirst())
                .isEqualTo(guided(1, GenerationTest::velocity));
    }

    @Test
    void aThresholdKeepsTheImageInRange() throws Exception {
        Function<Row, float[]> loud = row -> {
            float[] output = velocity(row);
            for (int i = 0; i < output.length; i++) {
                output[i] *= 5;
            }
            return output;
        };
        float[] free =
                Latents.of(Jobs.run(model(loud), Jobs.input("ddim", 10, 1, 5))).getFirst();
        float[] kept = Latents.of(
                        Jobs.run(model(loud), Jobs.input("ddim", 10, 1, 5).with("threshold", "static")))
                .getFirst();
        assertThat(IntStream.range(0, free.length).anyMatch(i -> Math.abs(free[i]) > 1.5))
                .isTrue();
        assertThat(IntStream.range(0, kept.length).allMatch(i -> Math.abs(kept[i]) <= 1))
                .isTrue();
    }

    /** Of a single loud step a tenth of the numbers lie on the bounds at 90 %, and all others between them. */
    @Test
    void aDynamicThresholdScalesTheImageIntoItsRange() throws Exception {
        Function<Row, float[]> loud = row -> scaled(5, velocity(row));
        GenerationInput input = Jobs.input("ddim", 1, 1, 5).with("threshold", "dynamic");
        float[] kept = Latents.of(Jobs.run(model(loud), input.with("threshold_percentile", 0.9)))
                .getFirst();
        assertThat(IntStream.range(0, kept.length).allMatch(i -> Math.abs(kept[i]) <= 1))
                .isTrue();
        long bounded = IntStream.range(0, kept.length)
                .filter(i -> Math.abs(kept[i]) > 1 - 1e-6)
                .count();
        assertThat(bounded).isBetween(78L, 80L);
    }

    /** With one step of a prediction v the last latent tells the guided answer: D = a x − s v. */
    @Test
    void rescalingGivesTheGuidedAnswerTheContrastOfTheConditionalOne() throws Exception {
        double conditional = deviation(velocity(firstRow(0)));
        assertThat(deviation(answer(Map.of("guidance_rescale", 1)))).isCloseTo(conditional, within(1e-4));
        double guided = deviation(answer(Map.of()));
        assertThat(guided).isGreaterThan(1.5 * conditional);
        assertThat(deviation(answer(Map.of("guidance_rescale", 0.5))))
                .isCloseTo((guided + conditional) / 2, within(1e-4));
    }

    private float[] answer(Map<String, Object> options) throws InterruptedException {
        GenerationInput input = Jobs.input("ddim", 1, 4, 5);
        for (Map.Entry<String, Object> option : options.entrySet()) {
            input = input.with(option.getKey(), option.getValue());
        }
        float[] clean =
                Latents.of(Jobs.run(model(GenerationTest::velocity), input)).getFirst();
        Row first = firstRow(0);
        Level level = new Recipes(Jobs.tiny()).offer().process().level(first.time());
        return dev.safelight.common.sampling.Latents.combined(
                level.signal() / level.noise(), first.latent(), -1 / level.noise(), clean);
    }

    /** What the network is asked first by the input of {@link #answer}. */
    private Row firstRow(int condition) throws InterruptedException {
        List<Row> rows = Collections.synchronizedList(new ArrayList<>());
        Jobs.run(
                model(row -> {
                    rows.add(row);
                    return velocity(row);
                }),
                Jobs.input("ddim", 1, 4, 5));
        return rows.get(condition);
    }

    /** Outside the interval the branch without a class is not even asked. */
    @Test
    void guidanceActsInItsIntervalOnly() throws Exception {
        Set<Double> guided = Collections.synchronizedSet(new TreeSet<>());
        Set<Double> all = Collections.synchronizedSet(new TreeSet<>());
        Process process = new Recipes(Jobs.tiny()).offer().process();
        Jobs.run(
                model(row -> {
                    (condition(row) == NULL_CLASS ? guided : all)
                            .add(process.level(row.time()).sigma());
                    return velocity(row);
                }),
                Jobs.input("ddim", 20, 3, 5).with("guidance_sigma_min", 0.5).with("guidance_sigma_max", 4));
        assertThat(all).hasSize(20);
        assertThat(guided)
                .containsExactlyElementsOf(
                        all.stream().filter(sigma -> sigma >= 0.5 && sigma <= 4).toList())
                .hasSizeBetween(3, 17);
    }

    private static float[] scaled(double factor, float[] values) {
        return dev.safelight.common.sampling.Latents.scaled(factor, values);
    }

    /** Unbiased. */
    private static double deviation(float[] values) {
        double mean = IntStream.range(0, values.length)
                .mapToDouble(i -> values[i])
                .average()
                .orElseThrow();
        return Math.sqrt(IntStream.range(0, values.length)
                        .mapToDouble(i -> Math.pow(values[i] - mean, 2))
                        .sum()
                / (values.length - 1));
    }

    private float[] guided(double weight, Function<Row, float[]> network) throws InterruptedException {
        return Latents.of(Jobs.run(model(network), Jobs.input("ddim", 10, weight, 5)))
                .getFirst();
    }

    // What the model cannot do.

    @ParameterizedTest
    @ValueSource(strings = {"dimm", "DDIM", ""})
    void anUnknownSamplerIsRefused(String sampler) throws Exception {
        refused(Jobs.input(sampler, 10, 1, 1), "sampler");
    }

    @Test
    void whatTheModelCannotDoIsRefused() throws Exception {
        refused(new GenerationInput("dragon", "ddim", 10, 1, 1, 1, 0, "trailing", false), "dragon");
        refused(new GenerationInput("square", "ddim", 10, 1, 1, 1, 0, "sideways", false), "sideways");
        refused(Jobs.input("ddim", 1001, 1, 1), "1001 steps");
        refused(Jobs.input("ddim", 0, 1, 1), "steps");
    }

    private void refused(GenerationInput input, String because) throws InterruptedException {
        assertThat(Jobs.run(model(GenerationTest::velocity), input))
                .isInstanceOfSatisfying(Outcome.Failed.class, failed -> {
                    assertThat(failed.error().code()).isEqualTo("invalid_input");
                    assertThat(failed.error().message()).contains(because);
                });
    }

    private Model model(Function<Row, float[]> network) {
        return Jobs.model(batcher, new Networks.RowWise(8, network), Latents.KEEP);
    }

    private static int condition(Row row) {
        return ((Conditioning.ClassIndex) row.conditioning()).index();
    }

    private static float[] velocity(Row row) {
        float[] output = row.latent().clone();
        for (int i = 0; i < output.length; i++) {
            output[i] = (float) Math.sin(output[i] + condition(row));
        }
        return output;
    }

    private static float[] onlyConditional(Row row) {
        return condition(row) == NULL_CLASS ? nothing(row) : velocity(row);
    }

    private static float[] onlyNull(Row row) {
        return condition(row) == NULL_CLASS ? velocity(row) : nothing(row);
    }

    private static float[] nothing(Row row) {
        float[] output = new float[row.latent().length];
        Arrays.fill(output, Float.NaN);
        return output;
    }
}
