package dev.safelight.worker.generate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.common.bundle.BundleReader;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.wire.Json;
import dev.safelight.worker.batch.Counters;
import dev.safelight.worker.batch.Ticket;
import dev.safelight.worker.checkpoint.Checkpoint;
import dev.safelight.worker.decode.Picture;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
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
        AtomicReference<Progress> progress = new AtomicReference<>();
        Outcome outcome = new Generation(model, input).run(Jobs.ticket(), earlier, new Progress.Listener() {
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
        for (String field : List.of("prompt", "negative_prompt", "width", "height", "clip_skip")) {
            if (request.has(field)) {
                options.put(field, Json.MAPPER.convertValue(request.get(field), Object.class));
            }
        }
        var defaults = model.bundle().manifest().defaults();
        return new GenerationInput(
                null,
                defaults.sampler(),
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
    @ValueSource(strings = {"sd1", "sd2", "sdxl", "sd3"})
    void drawsWhatDiffusersDrew(String layout) throws Exception {
        Model model = layout.equals("sd1") ? sd1 : load(layout);
        for (JsonNode expected :
                Json.MAPPER.readTree(folder(layout).resolve("expected.json").toFile())) {
            Drawn drawn = draw(model, input(model, expected.get("request")));

            float[] latent = Json.MAPPER.convertValue(expected.get("latents"), float[].class);
            assertThat(distance(drawn.latent(), latent) / distance(latent, new float[latent.length]))
                    .as("latents of " + expected.get("request"))
                    .isLessThan(RELATIVE);
            assertThat(drawn.picture().width()).isEqualTo(expected.get("width").intValue());
            assertThat(drawn.picture().height())
                    .isEqualTo(expected.get("height").intValue());
            int[] pixels = Json.MAPPER.convertValue(expected.get("pixels"), int[].class);
            assertThat(drawn.picture().pixels()).hasSize(pixels.length);
            for (int i = 0; i < pixels.length; i++) {
                assertThat(Byte.toUnsignedInt(drawn.picture().pixels()[i]))
                        .isBetween(pixels[i] - LEVELS, pixels[i] + LEVELS);
            }
        }
    }

    @Test
    void unlikePromptsShareCallsAndDoNotTouchEachOther() throws Exception {
        List<GenerationInput> inputs = new ArrayList<>();
        List<float[]> alone = new ArrayList<>();
        for (String prompt : List.of("a red fox", "sea", "", "a (red:1.4) fox")) {
            inputs.add(fox(sd1, prompt));
            alone.add(pixels(draw(sd1, inputs.getLast()).picture()));
        }
        Counters before = engine.counters();

        List<Outcome> together = Jobs.together(sd1, inputs);

        for (int i = 0; i < inputs.size(); i++) {
            float[] picture =
                    pixels(((Outcome.Pictures) together.get(i)).pictures().getFirst());
            assertThat(distance(picture, alone.get(i))).isLessThan(picture.length / 1000.0 + 2);
            for (int other = 0; other < i; other++) {
                assertThat(distance(picture, alone.get(other))).isGreaterThan(10);
            }
        }
        double mean = engine.counters().since(before).rowsPerCall();
        assertThat(mean)
                .as("conditional and unconditional rows alone would be 2 a call")
                .isGreaterThan(2);
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
