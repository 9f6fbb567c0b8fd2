package dev.safelight.worker.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.safelight.common.bundle.BundleException;
import dev.safelight.common.bundle.BundleReader;
import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.request.Recipe;
import dev.safelight.common.wire.Json;
import dev.safelight.worker.batch.Counters;
import dev.safelight.worker.batch.Network;
import dev.safelight.worker.batch.Row;
import dev.safelight.worker.batch.Ticket;
import dev.safelight.worker.checkpoint.Checkpoint;
import dev.safelight.worker.decode.Picture;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Imported checkpoints draw what the Python package diffusers drew with them ({@code models/export/tiny_pipelines.py}). */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TextToImageTest {
    private static final double RELATIVE = 1e-3;
    private static final int LEVELS = 2;

    private Engine engine;
    private Model sd1;

    @BeforeAll
    void open() {
        engine = Engine.open("cpu");
        sd1 = load("sd1");
    }

    @AfterAll
    void close() {
        engine.close();
    }

    private Model load(String layout) {
        return engine.load(BundleReader.read(folder(layout)));
    }

    private static Path folder(String layout) {
        try {
            return Path.of(TextToImageTest.class.getResource("/text/" + layout).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What a run left behind. */
    private record Drawn(float[] latent, Picture picture) {}

    private static Drawn draw(Model model, GenerationInput input) throws InterruptedException {
        return draw(model, input, Optional.empty());
    }

    private static Drawn draw(Model model, GenerationInput input, Optional<Checkpoint> earlier)
            throws InterruptedException {
        return draw(new Generation(model, input), earlier);
    }

    private static Drawn draw(Generation generation, Optional<Checkpoint> earlier) throws InterruptedException {
        AtomicReference<Progress> progress = new AtomicReference<>();
        Outcome outcome = generation.run(Jobs.ticket(), earlier, new Progress.Listener() {
            @Override
            public void begun(Progress now) {
                progress.set(now);
            }

            @Override
            public void stepped(Progress now) {}
        });
        assertThat(outcome).isInstanceOf(Outcome.Pictures.class);
        return new Drawn(
                progress.get().checkpoint().places().getFirst().finished(),
                ((Outcome.Pictures) outcome).pictures().getFirst());
    }

    private static GenerationInput input(Model model, JsonNode request) {
        Map<String, Object> options = new LinkedHashMap<>(Map.of("noise", "torch"));
        for (String field : List.of(
                "prompt",
                "negative_prompt",
                "width",
                "height",
                "clip_skip",
                "eta",
                "guidance_rescale",
                "strength",
                "loras")) {
            if (request.has(field)) {
                options.put(field, Json.MAPPER.convertValue(request.get(field), Object.class));
            }
        }
        var defaults = model.bundle().manifest().defaults();
        return new GenerationInput(
                null,
                request.path("sampler").asText(defaults.sampler()),
                request.get("steps").intValue(),
                request.get("guidance").doubleValue(),
                request.get("seed").longValue(),
                1,
                defaults.spacing(),
                false,
                options);
    }

    private static GenerationInput fox(Model model, String prompt) throws IOException {
        JsonNode request = Json.MAPPER.readTree("{\"steps\": 3, \"guidance\": 3, \"seed\": 5}");
        return input(model, request).with("prompt", prompt);
    }

    @ParameterizedTest
    @ValueSource(strings = {"sd1", "sd1-loras", "sd2", "sdxl", "sd3", "sd3-without-t5", "flux"})
    void drawsWhatDiffusersDrew(String layout) throws Exception {
        Model model = layout.equals("sd1") ? sd1 : load(layout);
        for (JsonNode expected :
                Json.MAPPER.readTree(folder(layout).resolve("expected.json").toFile())) {
            Drawn drawn = draw(model, input(model, expected.get("request")));

            assertLatent(drawn, expected);
            assertThat(drawn.picture().width()).isEqualTo(expected.get("width").intValue());
            assertThat(drawn.picture().height())
                    .isEqualTo(expected.get("height").intValue());
            assertPixels(drawn.picture(), pixels(expected.get("pixels")));
        }
    }

    private static void assertLatent(Drawn drawn, JsonNode expected) {
        float[] latent = Json.MAPPER.convertValue(expected.get("latents"), float[].class);
        assertThat(distance(drawn.latent(), latent) / distance(latent, new float[latent.length]))
                .as("latents of " + expected.get("request"))
                .isLessThan(RELATIVE);
    }

    private static void assertPixels(Picture picture, int[] expected) {
        assertThat(picture.pixels()).hasSize(expected.length);
        for (int i = 0; i < expected.length; i++) {
            assertThat(Byte.toUnsignedInt(picture.pixels()[i])).isBetween(expected[i] - LEVELS, expected[i] + LEVELS);
        }
    }

    private static int[] pixels(JsonNode list) {
        return Json.MAPPER.convertValue(list, int[].class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"sd1", "sd1-inpainting", "sdxl", "sd3", "flux"})
    void drawsFromImagesWhatDiffusersDrew(String layout) throws Exception {
        Model model = layout.equals("sd1") ? sd1 : load(layout);
        JsonNode golden =
                Json.MAPPER.readTree(folder(layout).resolve("images.json").toFile());
        int[] image = pixels(golden.get("image"));
        int[] mask = pixels(golden.get("mask"));
        for (JsonNode expected : golden.get("runs")) {
            boolean masked = expected.get("request").path("masked").asBoolean();
            GenerationInput input = input(model, expected.get("request")).with("image", "the image");
            Originals originals = new Originals(picture(image, 3), masked ? picture(mask, 1) : null);

            Drawn drawn = draw(
                    new Generation(model, masked ? input.with("mask", "the mask") : input, originals),
                    Optional.empty());

            assertLatent(drawn, expected);
            // There the kept part went through the decoder; here it comes back as it was.
            int[] wanted = pixels(expected.get("pixels"));
            for (int i = 0; masked && i < wanted.length; i++) {
                wanted[i] = mask[i / 3] == 0 ? image[i] : wanted[i];
            }
            assertPixels(drawn.picture(), wanted);
        }
    }

    private static Picture picture(int[] samples, int channels) {
        byte[] pixels = new byte[samples.length];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) samples[i];
        }
        int side = (int) Math.sqrt(samples.length / channels);
        return new Picture(side, side, channels, pixels);
    }

    /** Copies a bundle. @return its manifest */
    private static ObjectNode copy(String layout, Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder(layout))) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        return (ObjectNode) Json.MAPPER.readTree(folder.resolve("model.json").toFile());
    }

    @Test
    void whatReadsPromptsIsClosedWhereTheTextNetworkFails(@TempDir Path folder) throws Exception {
        ObjectNode manifest = copy("sd1", folder);
        ObjectNode tokenizer =
                (ObjectNode) manifest.at("/conditioning/text/tokenizers").get(0);
        tokenizer.putArray("begin").add(1_000_000); // no embedding has so many rows
        Files.writeString(folder.resolve("model.json"), manifest.toString());
        AtomicReference<Prompts> prompts = new AtomicReference<>();

        assertThatThrownBy(() -> engine.load(BundleReader.read(folder), bundle -> {
                    prompts.set(Prompts.load(bundle));
                    return prompts.get();
                }))
                .isInstanceOf(BundleException.class);

        assertThatThrownBy(() -> prompts.get().samples(1)).hasMessageContaining("released");
    }

    @Test
    void aLargePictureIsDecodedInTilesThatLookLikeTheWhole(@TempDir Path folder) throws Exception {
        ObjectNode manifest = copy("sd1", folder);
        ((ObjectNode) manifest.get("decoder"))
                .putObject("tiles")
                .put("pixels", 16 * 16)
                .put("side", 12)
                .put("overlap", 4);
        Files.writeString(folder.resolve("model.json"), manifest.toString());
        Model tiled = engine.load(BundleReader.read(folder));
        GenerationInput large = fox(sd1, "a red fox").with("width", 32).with("height", 32);
        Ticket ticket = Jobs.ticket();
        Picture whole = draw(sd1, large).picture();

        Outcome outcome = new Generation(tiled, large).run(ticket, Progress.Listener.NONE);

        Picture picture = ((Outcome.Pictures) outcome).pictures().getFirst();
        assertThat(picture.width()).isEqualTo(32);
        assertThat(picture.height()).isEqualTo(32);
        double apart = distance(pixels(picture), pixels(whole));
        Picture other = draw(sd1, large.alone(99)).picture();
        assertThat(apart).isLessThan(0.5 * distance(pixels(other), pixels(whole)));
        assertThat(apart).as("each tile has norms of its own").isGreaterThan(0);
        assertThat(draw(tiled, fox(tiled, "a red fox")).picture().pixels())
                .as("its own size is decoded at once")
                .isEqualTo(draw(sd1, fox(sd1, "a red fox")).picture().pixels());
    }

    /** The decoder is held until the other job has walked all of its steps. */
    @Test
    void whileOneJobIsDecodedTheStepsOfOthersGoOn() throws Exception {
        Network decoder = sd1.others().get(Manifest.DECODER).network();
        CountDownLatch decoding = new CountDownLatch(1);
        CountDownLatch walked = new CountDownLatch(1);
        Model held = sd1.with(Manifest.DECODER, new Network() {
            @Override
            public int maxRows() {
                return 1;
            }

            @Override
            public List<float[]> run(List<Row> rows) {
                decoding.countDown();
                awaited(walked, "the steps of the other job");
                return decoder.run(rows);
            }
        });
        GenerationInput input = fox(sd1, "a red fox");
        Picture alone = draw(sd1, input).picture();
        FutureTask<Drawn> first = new FutureTask<>(() -> draw(held, input));
        Thread.ofVirtual().start(first);
        awaited(decoding, "the first job's decoding");

        Outcome second = new Generation(held, input.alone(99)).run(Jobs.ticket(), now -> {
            if (now.step() == now.steps()) {
                walked.countDown();
            }
        });

        assertThat(second).isInstanceOf(Outcome.Pictures.class);
        assertThat(first.get().picture().pixels()).isEqualTo(alone.pixels());
    }

    private static void awaited(CountDownLatch signal, String what) {
        try {
            if (!signal.await(30, TimeUnit.SECONDS)) {
                throw new IllegalStateException(what + " never came");
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void unlikePromptsShareCallsAndDoNotTouchEachOther() throws Exception {
        List<GenerationInput> inputs = new ArrayList<>();
        for (String prompt : List.of("a red fox", "sea", "", "a (red:1.4) fox")) {
            inputs.add(fox(sd1, prompt));
        }
        checkApart(sd1, inputs);
    }

    @Test
    void unlikeLorasShareCallsAndDoNotTouchEachOther() throws Exception {
        Model model = load("sd1-loras");
        GenerationInput plain = fox(model, "a red fox");
        List<float[]> alone = checkApart(
                model,
                List.of(
                        plain,
                        plain.with("loras", List.of(Map.of("name", "style", "weight", 0.8))),
                        plain.with("loras", List.of(Map.of("name", "sketch"))),
                        plain.with("loras", List.of(Map.of("name", "sketch"), Map.of("name", "style", "weight", -1)))));
        assertThat(alone.getFirst())
                .as("weights of 0 are the network as it was")
                .isEqualTo(pixels(draw(sd1, fox(sd1, "a red fox")).picture()));
    }

    /** Drawn together each is what it is alone, all are unlike, and calls are shared. @return what each is alone */
    private List<float[]> checkApart(Model model, List<GenerationInput> inputs) throws Exception {
        List<float[]> alone = new ArrayList<>();
        for (GenerationInput input : inputs) {
            alone.add(pixels(draw(model, input).picture()));
        }
        Counters before = engine.counters();

        List<Outcome> together = Jobs.together(model, inputs);

        for (int i = 0; i < inputs.size(); i++) {
            float[] picture =
                    pixels(((Outcome.Pictures) together.get(i)).pictures().getFirst());
            assertThat(distance(picture, alone.get(i))).isLessThan(picture.length / 1000.0 + 2);
            for (int other = 0; other < i; other++) {
                assertThat(distance(picture, alone.get(other))).isGreaterThan(10);
            }
        }
        assertThat(engine.counters().since(before).rowsPerCall())
                .as("conditional and unconditional rows alone would be 2 a call")
                .isGreaterThan(2);
        return alone;
    }

    /** A LoRA changes the text encoder too: what was read without it is not what is read with it. */
    @Test
    void aPromptIsReadOnceForEachChoiceOfLoras() throws Exception {
        Model model = load("sd1-loras");
        GenerationInput plain = fox(model, "read under a style");
        GenerationInput styled = plain.with("loras", List.of(Map.of("name", "style", "weight", 0.5)));
        draw(model, plain);
        Ticket first = Jobs.ticket();
        new Generation(model, styled).run(first, Progress.Listener.NONE);
        Ticket second = Jobs.ticket();
        new Generation(model, styled).run(second, Progress.Listener.NONE);

        // The prompt, and the empty one to get away from.
        assertThat(first.evaluations()).isEqualTo(second.evaluations() + 2);
    }

    @Test
    void lorasThatAreNotThereAreNamedBesideThoseThatAre() throws Exception {
        Model model = load("sd1-loras");
        GenerationInput plain = fox(model, "a red fox");
        assertThat(impossible(model, plain.with("loras", List.of(Map.of("name", "stile")))))
                .contains("stile", "style, sketch");
        assertThat(impossible(model, plain.with("loras", List.of(Map.of("name", "style"), Map.of("name", "style")))))
                .contains("style twice");
        assertThat(impossible(model, plain.with("loras", List.of(Map.of("name", "style", "weight", 5)))))
                .contains("-4.0 to 4.0");
        assertThat(model.recipes().stranger(plain.with("loras", List.of()))).isEmpty();
        assertThat(sd1.recipes().stranger(plain.with("loras", List.of()))).contains("loras");
        assertThat(sd1.recipes().refusalOf("loras").orElseThrow()).contains("has no LoRAs");
    }

    private static String impossible(Model model, GenerationInput input) {
        return ((Recipe.Impossible) model.recipes().read(input)).message();
    }

    @Test
    void aPromptIsReadOnce() throws Exception {
        draw(sd1, fox(sd1, "read once"));
        Ticket ticket = Jobs.ticket();
        new Generation(sd1, fox(sd1, "read once")).run(ticket, Progress.Listener.NONE);
        Ticket other = Jobs.ticket();
        new Generation(sd1, fox(sd1, "read a first time")).run(other, Progress.Listener.NONE);

        assertThat(other.evaluations()).isEqualTo(ticket.evaluations() + 1);
    }

    /** While the text network is held by one prompt, others come: it reads them all at once, and each as if it were alone. */
    @Test
    void promptsThatWaitAreReadTogetherAndComeOutAsAlone() throws Exception {
        Network text = sd1.others().get(Manifest.TEXT).network();
        CountDownLatch reading = new CountDownLatch(1);
        List<List<Row>> asked = new CopyOnWriteArrayList<>();
        List<List<float[]>> answers = new CopyOnWriteArrayList<>();
        Model held = sd1.with(Manifest.TEXT, new Network() {
            @Override
            public int maxRows() {
                return text.maxRows();
            }

            @Override
            public List<float[]> run(List<Row> rows) {
                reading.countDown();
                // Prompts that never come must fail the test, not hold it up.
                long last = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
                while (asked.isEmpty() && sd1.aside().waiting() < 3 && System.nanoTime() < last) {
                    Thread.onSpinWait();
                }
                asked.add(rows);
                answers.add(text.run(rows));
                return answers.getLast();
            }
        });
        draw(sd1, fox(sd1, "a red fox")); // the empty prompt was read, too
        FutureTask<Drawn> first = new FutureTask<>(() -> draw(held, Jobs.strict(fox(sd1, "that holds the network"))));
        Thread.ofVirtual().start(first);
        awaited(reading, "the first prompt");
        List<GenerationInput> inputs = new ArrayList<>();
        for (String prompt : List.of("sea at night", "a (boat:1.3), oil on canvas", "ships ".repeat(40))) {
            inputs.add(Jobs.strict(fox(sd1, prompt)));
        }

        List<Outcome> together = Jobs.together(held, inputs);

        first.get();
        List<Row> three = asked.stream().skip(1).flatMap(List::stream).toList();
        assertThat(three).hasSize(3);
        List<float[]> alone =
                three.stream().map(row -> text.run(List.of(row)).getFirst()).toList();
        assertThat(answers.stream().skip(1).flatMap(List::stream).toList()).containsExactlyElementsOf(alone);
        assertThat(asked.get(1)).hasSizeLessThanOrEqualTo(text.maxRows());
        List<float[]> bare = text.run(three);
        boolean aloof = IntStream.range(0, 3).allMatch(i -> Arrays.equals(bare.get(i), alone.get(i)));
        assertThat(asked.get(1).size() == 3)
                .as("one call for all where none of them notices")
                .isEqualTo(aloof);
        Model other = load("sd1");
        for (int i = 0; i < inputs.size(); i++) {
            assertThat(((Outcome.Pictures) together.get(i))
                            .pictures()
                            .getFirst()
                            .pixels())
                    .isEqualTo(draw(other, inputs.get(i)).picture().pixels());
        }
    }

    @Test
    void whatAJobSaysAndWhatItDoesNotWantIsReadAtOnce() throws Exception {
        Network text = sd1.others().get(Manifest.TEXT).network();
        List<Integer> rows = new CopyOnWriteArrayList<>();
        Model listening = sd1.with(Manifest.TEXT, new Network() {
            @Override
            public int maxRows() {
                return 4;
            }

            @Override
            public List<float[]> run(List<Row> asked) {
                rows.add(asked.size());
                return text.run(asked);
            }
        });

        draw(listening, fox(sd1, "a job's prompt").with("negative_prompt", "what it is not to be"));
        draw(listening, fox(sd1, "the same twice").with("negative_prompt", "the same twice"));

        assertThat(rows).containsExactly(2, 1);
    }

    /** E_∅ + w(E − E_∅) with E = E_∅. */
    @Test
    void anEmptyPromptIsUnconditionalWhateverTheGuidance() throws Exception {
        float[] strong = draw(sd1, guided("", 7)).latent();
        float[] none = draw(sd1, guided("", 0)).latent();

        assertThat(distance(strong, none)).isLessThan(1e-3);
        assertThat(distance(draw(sd1, guided("a red fox", 7)).latent(), none)).isGreaterThan(1e-1);
        assertThat(distance(draw(sd1, guided("a red fox", 0)).latent(), none)).isLessThan(1e-3);
    }

    private GenerationInput guided(String prompt, int guidance) throws IOException {
        JsonNode request = Json.MAPPER.readTree("{\"steps\": 3, \"guidance\": " + guidance + ", \"seed\": 5}");
        return input(sd1, request).with("prompt", prompt);
    }

    @Test
    void aWalkThatIsTakenUpElsewhereHasItsPrompt() throws Exception {
        GenerationInput input = fox(sd1, "a red fox");
        AtomicReference<Checkpoint> middle = new AtomicReference<>();
        Drawn whole = draw(sd1, input);
        new Generation(sd1, input).run(Jobs.ticket(), Optional.empty(), new Progress.Listener() {
            @Override
            public void begun(Progress now) {}

            @Override
            public void stepped(Progress now) {
                if (now.step() == 1) {
                    middle.set(now.checkpoint());
                }
            }
        });

        Drawn resumed = draw(sd1, input, Optional.of(middle.get()));

        assertThat(distance(resumed.latent(), whole.latent())).isLessThan(1e-4);
    }

    @Test
    void bracketsWeighUnlessTheyAreText() throws Exception {
        float[] plain = draw(sd1, fox(sd1, "a red fox")).latent();
        float[] one = draw(sd1, fox(sd1, "a (red:1.0) fox")).latent();
        float[] more = draw(sd1, fox(sd1, "a (red:1.5) fox")).latent();
        float[] text = draw(sd1, fox(sd1, "a (red:1.5) fox").with("prompt_weighting", false))
                .latent();

        assertThat(distance(one, plain)).isLessThan(1e-4);
        assertThat(distance(more, plain)).isGreaterThan(1e-2);
        assertThat(distance(text, more)).isGreaterThan(1e-2);
    }

    private static float[] pixels(Picture picture) {
        float[] pixels = new float[picture.pixels().length];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = Byte.toUnsignedInt(picture.pixels()[i]);
        }
        return pixels;
    }

    private static double distance(float[] a, float[] b) {
        double squares = 0;
        for (int i = 0; i < a.length; i++) {
            squares += (a[i] - b[i]) * (a[i] - b[i]);
        }
        return Math.sqrt(squares);
    }
}
