package dev.safelight.common.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.safelight.common.bundle.BundleException;
import dev.safelight.common.bundle.BundleReader;
import dev.safelight.common.wire.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of inputs whose parts depend on each other, and of manifests that contradict themselves. */
class RecipesTest {
    private static final String MANIFEST = """
            {"format": 1, "name": "first", "date": "2026-01-01", "queue": "default",
             "networks": {"denoiser": {"file": "net.pt", "sha256": "00", "inputs": ["x", "t", "class"], "maxRows": 8}
                          ROLES},
             "latent": {"shape": [1, 4, 4], "range": [-1, 1]},
             "process": {"kind": "vp", "schedule": {"kind": "linear", "steps": 1000}, "prediction": "v"},
             "conditioning": {"kind": "class", "classes": ["a", "b"], "nullIndex": 2}, "decoder": {"kind": "DECODER"},
             "tables": {"noise-power": TABLE, "noise-power-2.5": TABLE},
             "defaults": {"sampler": "ddim", "steps": 10, "guidance": 1, "spacing": "trailing", "eta": 0},
             "limits": {"steps": 1000, "count": 4} MORE}
            """;

    @TempDir
    private Path folder;

    private String table;

    @BeforeEach
    void writeTable() throws Exception {
        double[] power = new double[1000];
        Arrays.fill(power, 0.9);
        byte[] bytes = Json.write(power).getBytes(StandardCharsets.UTF_8);
        Files.write(folder.resolve("power.json"), bytes);
        table = "{\"file\": \"power.json\", \"sha256\": \""
                + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes)) + "\"}";
    }

    private Recipes recipes(String roles, String decoder, String more) throws IOException {
        Files.writeString(
                folder.resolve("model.json"),
                MANIFEST.replace("TABLE", table)
                        .replace("ROLES", roles)
                        .replace("DECODER", decoder)
                        .replace("MORE", more));
        return new Recipes(BundleReader.read(folder));
    }

    private Recipes plain() throws IOException {
        return recipes("", "pixels", "");
    }

    /** Γ is of one network under one guidance (Bao et al. 2022): another would add the wrong noise. */
    @Test
    void theOptimalVarianceIsOnlyForWhatItWasMeasuredWith() throws IOException {
        Recipes recipes = plain();
        assertThat(field(recipes, input("a", "analytic-ddpm", 1, Map.of()))).isEmpty();
        assertThat(field(recipes, input("a", "analytic-ddim", 2.5, Map.of()))).isEmpty();
        assertThat(field(recipes, input("a", "analytic-ddpm", 2, Map.of()))).isEqualTo("guidance");
        assertThat(field(recipes, input(null, "analytic-ddpm", 1, Map.of())))
                .as("without a class the network is another one")
                .isEqualTo("guidance");
        assertThat(field(recipes, input("a", "analytic-ddpm", 1, Map.of("guidance_rescale", 0.5))))
                .isEqualTo("guidance_rescale");
        assertThat(field(recipes, input("a", "ddpm", 2, Map.of()))).isEmpty();
    }

    @Test
    void aWalkFromAnImageHasTheStepsThatAreLeft() throws IOException {
        Recipes recipes = plain();
        assertThat(steps(recipes, Map.of("image", "x"))).isEqualTo(8);
        assertThat(steps(recipes, Map.of("image", "x", "strength", 0.29))).isEqualTo(2);
        assertThat(steps(recipes, Map.of("image", "x", "strength", 0.3))).isEqualTo(3);
        assertThat(steps(recipes, Map.of("image", "x", "mask", "y"))).isEqualTo(10);
        assertThat(steps(recipes, Map.of("image", "x", "strength", 0))).isZero();
        assertThat(steps(recipes, Map.of("image", "x", "strength", 0.5, "inversion", true)))
                .as("up four levels and down five steps")
                .isEqualTo(9);
        assertThat(field(recipes, input("a", "ddim", 1, Map.of("image", "x", "inversion", true, "eta", 0.5))))
                .isEqualTo("eta");
        assertThat(field(recipes, input("a", "ddim", 1, Map.of("image", "x", "inversion", true, "mask", "y"))))
                .isEqualTo("inversion");
        assertThat(field(recipes, input("a", "ddim", 1, Map.of("image", "x", "source", "c"))))
                .isEqualTo("source");
    }

    @Test
    void anImageNeedsAWayIntoTheLatent() throws IOException {
        Recipes latent = recipes("", "elsewhere", "");
        assertThat(field(latent, input("a", "ddim", 1, Map.of("image", "x")))).isEqualTo("image");
        assertThat(latent.refusalOf("strength")).get().asString().contains("encoder");
        Recipes encoded = recipes(
                ", \"encoder\": {\"file\": \"e.pt\", \"sha256\": \"00\", \"inputs\": [\"x\"], \"maxRows\": 1}",
                "elsewhere",
                "");
        assertThat(field(encoded, input("a", "ddim", 1, Map.of("image", "x")))).isEmpty();
    }

    @Test
    void aPriorThatContradictsItsBundleIsRefused() {
        String network = ", \"prior\": {\"file\": \"p.pt\", \"sha256\": \"00\", \"inputs\": [\"z\"], \"maxRows\": 1,"
                + " \"latentSize\": 4}";
        for (List<String> wrong : List.of(
                List.of("", ", \"prior\": {\"kind\": \"condition\"}", "needs a network"),
                List.of(network, ", \"prior\": {\"kind\": \"guess\"}", "no prior is called guess"),
                List.of(network, ", \"prior\": {\"kind\": \"start\"}", "prior.time"),
                List.of(network, ", \"prior\": {\"kind\": \"residual\"}", "epsilon"))) {
            assertThatThrownBy(() -> recipes(wrong.get(0), "pixels", wrong.get(1)))
                    .isInstanceOf(BundleException.class)
                    .hasMessageContaining(wrong.get(2));
        }
    }

    @Test
    void aWalkFromThePriorBeginsAtATimeOfTheTraining() throws IOException {
        Recipes recipes = recipes(
                ", \"prior\": {\"file\": \"p.pt\", \"sha256\": \"00\", \"inputs\": [\"z\"], \"maxRows\": 1,"
                        + " \"latentSize\": 4}",
                "pixels",
                ", \"prior\": {\"kind\": \"start\", \"time\": 199}");
        for (Object wrong : List.of(1000, 199.5)) {
            assertThat(field(recipes, input("a", "ddim", 1, Map.of("start", "prior", "start_time", wrong))))
                    .isEqualTo("start_time");
        }
        assertThat(field(recipes, input("a", "ddim", 1, Map.of("start", "prior", "start_time", 399))))
                .isEmpty();
    }

    /** v needs a² + s² = 1, and noise says nothing of x0 where there is no signal. */
    @Test
    void aPredictionThatSaysNothingOfItsProcessIsRefused() throws IOException {
        plain();
        Path manifest = folder.resolve("model.json");
        String good = Files.readString(manifest);
        String linear = "\"schedule\": {\"kind\": \"linear\", \"steps\": 1000}";
        String silent = "\"schedule\": {\"kind\": \"linear\", \"steps\": 1000, \"zeroTerminalSnr\": true}";
        Map<String, String> processes = new LinkedHashMap<>();
        processes.put(
                "\"kind\": \"ve\", \"schedule\": {\"kind\": \"continuous\"}, \"prediction\": \"v\"", "a² + s² = 1");
        processes.put("\"kind\": \"vp\", " + silent + ", \"prediction\": \"epsilon\"", "without signal");
        processes.put("\"kind\": \"vp\", " + silent + ", \"prediction\": \"v\"", "");
        processes.put("\"kind\": \"vp\", " + silent + ", \"prediction\": \"x0\"", "");
        for (Map.Entry<String, String> process : processes.entrySet()) {
            String other = good.replace("\"kind\": \"vp\", " + linear + ", \"prediction\": \"v\"", process.getKey());
            Files.writeString(manifest, other);
            if (process.getValue().isEmpty()) {
                assertThat(new Recipes(BundleReader.read(folder)).methods()).isNotEmpty();
            } else {
                assertThat(other).isNotEqualTo(good);
                assertThatThrownBy(() -> new Recipes(BundleReader.read(folder)))
                        .isInstanceOf(BundleException.class)
                        .hasMessageContaining(process.getValue());
            }
        }
    }

    private static GenerationInput input(String label, String sampler, double guidance, Map<String, Object> options) {
        return new GenerationInput(label, sampler, 10, guidance, 1, 1, "trailing", false, options);
    }

    /** Of the first problem; empty where there is none. */
    private static String field(Recipes recipes, GenerationInput input) {
        return recipes.read(input) instanceof Recipe.Impossible(List<Problem> problems)
                ? problems.getFirst().field()
                : "";
    }

    private static int steps(Recipes recipes, Map<String, Object> options) {
        if (recipes.read(input("a", "ddim", 1, options)) instanceof Recipe.Possible(Recipe recipe)) {
            return recipe.plan().steps();
        }
        throw new AssertionError(recipes.read(input("a", "ddim", 1, options)));
    }
}
