package dev.safelight.api.validate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.safelight.common.bundle.BundleException;
import dev.safelight.common.bundle.BundleReader;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.wire.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What may be asked of a model that draws what a prompt says, in several sizes. */
class TextInputTest {
    private static final String MANIFEST = """
            {"format": 1, "name": "words", "date": "2026-11-25", "parameters": 1, "queue": "default",
             "license": {"weights": "x", "data": "x"},
             "networks": {"denoiser": {"file": "d.pt", "sha256": "", "inputs": ["x", "t", "text"], "maxRows": 4,
                                       "shapes": {"text": [8]}}},
             "latent": {"shape": [4, 64, 64], "range": [-4, 4]},
             "image": {"shape": [3, 512, 512], "range": [-1, 1]},
             "sizes": {"multiple": 64, "least": 64, "most": 1024, "pixels": 589824},
             "process": {"kind": "vp", "schedule": {"kind": "scaled-linear", "steps": 1000}, "prediction": "epsilon"},
             "conditioning": {"kind": "text", "text": {"layers": 3, "unsaid": "empty", "tokenizers": [
                {"input": "tokens", "file": "tokenizer.json", "sha256": "", "length": 77, "begin": [1], "end": [2], "pad": 2}]}},
             "decoder": {"kind": "network"},
             "defaults": {"sampler": "ddim", "steps": 20, "guidance": 7.5, "spacing": "leading", "eta": 0},
             "limits": {"steps": 1000, "count": 4}}
            """;

    private Model model;

    @TempDir
    private Path folder;

    @BeforeEach
    void read() throws IOException {
        read(MANIFEST);
    }

    private void read(String manifest) throws IOException {
        Files.writeString(folder.resolve("model.json"), manifest);
        model = new Model(BundleReader.read(folder));
    }

    private List<String> codes(String input) throws IOException {
        return model.violations(Json.MAPPER.readTree(input)).stream()
                .map(violation -> violation.code() + " " + violation.pointer())
                .toList();
    }

    private GenerationInput resolved(String input) throws IOException {
        return model.resolve(Json.MAPPER.readTree(input));
    }

    @Test
    void aPromptIsGuidedByDefault() throws IOException {
        assertThat(codes("{\"prompt\": \"ein Fuchs 🦊\"}")).isEmpty();
        assertThat(resolved("{\"prompt\": \"fox\"}").guidance()).isEqualTo(7.5);
        assertThat(resolved("{}").guidance()).isZero();
        assertThat(resolved("{\"prompt\": \"fox\"}").options()).containsEntry("prompt", "fox");
    }

    @Test
    void sidesAreMultiplesWithinTheBudget() throws IOException {
        assertThat(codes("{\"prompt\": \"fox\", \"width\": 768, \"height\": 768}"))
                .isEmpty();
        assertThat(codes("{\"prompt\": \"fox\", \"width\": 500}")).containsExactly("invalid_value #/input/width");
        assertThat(codes("{\"prompt\": \"fox\", \"width\": 1024, \"height\": 640}"))
                .containsExactly("out_of_range #/input/width");
        assertThat(codes("{\"prompt\": \"fox\", \"height\": 2048}")).hasSize(1);
    }

    @Test
    void refusesWhatMakesNoSense() throws IOException {
        assertThat(codes("{\"negative_prompt\": \"blurry\"}")).containsExactly("invalid_value #/input/negative_prompt");
        assertThat(codes("{\"prompt\": 5}")).hasSize(1);
        assertThat(codes("{\"prompt\": \"" + "x".repeat(4001) + "\"}")).hasSize(1);
        assertThat(codes("{\"prompt\": \"fox\", \"clip_skip\": 3}")).hasSize(1);
        assertThat(codes("{\"prompt\": \"fox\", \"clip_skip\": 2}")).isEmpty();
        assertThat(codes("{\"class\": \"fox\"}")).containsExactly("unsupported_by_model #/input/class");
    }

    @Test
    void imagesAreWrittenInTheFormatAskedFor() throws IOException {
        assertThat(resolved("{\"output\": {\"format\": \"webp\", \"quality\": 40}}")
                        .options())
                .containsEntry("output", Map.of("format", "webp", "quality", 40));
        assertThat(resolved("{\"output\": {\"format\": \"jpeg\"}}").options())
                .as("what is left unsaid is said in the job")
                .containsEntry("output", Map.of("format", "jpeg", "quality", 90));
        assertThat(resolved("{\"output\": {\"format\": \"png\"}}").options())
                .containsEntry("output", Map.of("format", "png"));
        assertThat(resolved("{}").options()).doesNotContainKey("output");

        assertThat(codes("{\"output\": {\"format\": \"png\", \"quality\": 90}}"))
                .containsExactly("invalid_value #/input/output");
        assertThat(codes("{\"output\": {\"format\": \"gif\"}}")).hasSize(1);
        assertThat(codes("{\"output\": {\"quality\": 90}}")).hasSize(1);
        assertThat(codes("{\"output\": {\"format\": \"jpeg\", \"quality\": 0}}"))
                .hasSize(1);
        assertThat(codes("{\"output\": {\"format\": \"jpeg\", \"size\": 1}}")).hasSize(1);
        assertThat(codes("{\"output\": \"jpeg\"}")).hasSize(1);
    }

    @Test
    void noiseLevelsAreThoseOfTheModelUnlessTheRequestChooses() throws IOException {
        assertThat(resolved("{\"sampler\": \"euler\"}").options()).doesNotContainKey("sigmas");
        read(MANIFEST.replace("\"eta\": 0}", "\"eta\": 0, \"sigmas\": \"karras\"}"));

        assertThat(resolved("{\"sampler\": \"euler\"}").options()).containsEntry("sigmas", "karras");
        assertThat(resolved("{\"sampler\": \"euler\", \"sigmas\": \"exponential\"}")
                        .options())
                .containsEntry("sigmas", "exponential");
        assertThat(resolved("{\"sampler\": \"ddim\"}").options())
                .as("it visits the times that it was trained at")
                .doesNotContainKey("sigmas");
        assertThat(resolved("{\"sampler\": \"euler\", \"timesteps\": [900, 300]}")
                        .options())
                .as("which leave nothing to lay out")
                .doesNotContainKey("sigmas");
        assertThat(model.inputSchema().at("/properties/sigmas/default").textValue())
                .isEqualTo("karras");

        String unknown = MANIFEST.replace("\"eta\": 0}", "\"eta\": 0, \"sigmas\": \"carrots\"}");
        assertThatThrownBy(() -> read(unknown))
                .isInstanceOf(BundleException.class)
                .hasMessageContaining("carrots");
    }

    @Test
    void lorasAreChosenByNameAmongThoseThatThereAre() throws IOException {
        assertThat(codes("{\"loras\": [{\"name\": \"style\"}]}")).containsExactly("unsupported_by_model #/input/loras");
        read(MANIFEST.replace("\"format\": 1", "\"format\": 2, \"loras\": [\"style\", \"sketch\"]")
                .replace("[\"x\", \"t\", \"text\"]", "[\"x\", \"t\", \"text\", \"loras\"]"));

        assertThat(codes("{\"prompt\": \"fox\"}")).isEmpty();
        assertThat(resolved("{\"prompt\": \"fox\"}").options()).doesNotContainKey("loras");
        assertThat(
                        codes(
                                "{\"prompt\": \"fox\", \"loras\": [{\"name\": \"sketch\", \"weight\": -0.5}, {\"name\": \"style\"}]}"))
                .isEmpty();
        assertThat(resolved("{\"loras\": [{\"name\": \"style\"}]}").options())
                .as("what is left unsaid is said in the job")
                .containsEntry("loras", List.of(Map.of("name", "style", "weight", 1.0)));
        assertThat(model.violations(Json.MAPPER.readTree("{\"loras\": [{\"name\": \"stile\"}]}")))
                .singleElement()
                .satisfies(violation -> assertThat(violation.pointer()).isEqualTo("#/input/loras/0/name"))
                .satisfies(violation -> assertThat(violation.toString()).contains("style", "sketch"));
        assertThat(codes("{\"loras\": [{\"name\": \"style\"}, {\"name\": \"style\", \"weight\": 0.5}]}"))
                .containsExactly("invalid_value #/input/loras");
        assertThat(codes("{\"loras\": [{\"name\": \"style\", \"weight\": 4.5}]}"))
                .hasSize(1);
        assertThat(codes("{\"loras\": [{\"weight\": 1}]}")).hasSize(1);
        assertThat(codes("{\"loras\": [\"style\"]}")).hasSize(1);
        assertThat(codes("{\"loras\": \"style\"}")).hasSize(1);
    }

    @Test
    void aNetworkThatIsToldItsGuidanceHasNothingToGetAwayFrom() throws IOException {
        read(MANIFEST.replace("[\"x\", \"t\", \"text\"]", "[\"x\", \"t\", \"text\", \"guidance\"]")
                .replace("\"text\": [8]", "\"text\": [8], \"guidance\": [1]"));

        assertThat(resolved("{\"prompt\": \"fox\"}").guidance()).isEqualTo(7.5);
        assertThat(resolved("{}").guidance())
                .as("it was never trained to be told nothing")
                .isEqualTo(7.5);
        assertThat(resolved("{\"prompt\": \"fox\", \"guidance\": 2}").guidance())
                .isEqualTo(2);
        assertThat(codes("{\"prompt\": \"fox\", \"negative_prompt\": \"fog\"}"))
                .containsExactly("unsupported_by_model #/input/negative_prompt");
        assertThat(codes("{\"prompt\": \"fox\", \"guidance_rescale\": 0.5}"))
                .containsExactly("unsupported_by_model #/input/guidance_rescale");
    }
}
