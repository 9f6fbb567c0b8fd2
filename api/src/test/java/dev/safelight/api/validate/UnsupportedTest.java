package dev.safelight.api.validate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.bundle.BundleReader;
import dev.safelight.common.bundle.Offers;
import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Need;
import dev.safelight.common.sampling.Option;
import dev.safelight.common.sampling.guidance.GuidanceOptions;
import dev.safelight.common.sampling.sampler.Methods;
import dev.safelight.common.wire.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a bundle cannot give is named, whatever is asked for and whichever bundle is asked: nothing is passed over. */
class UnsupportedTest {
    private static final Path FAMILIES =
            Path.of(System.getProperty("safelight.root"), "worker", "src", "test", "resources", "families");

    /** A bundle of every kind. */
    static List<Model> models() throws IOException {
        try (Stream<Path> folders = Files.list(FAMILIES)) {
            return folders.filter(folder -> Files.exists(folder.resolve("model.json")))
                    .sorted()
                    .map(folder -> new Model(BundleReader.read(folder)))
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void aSamplerThatCannotBeRunIsRefusedWithAllThatItLacks(Model model) throws IOException {
        for (Method method : Methods.all()) {
            List<Violation> violations = at("sampler", violations(model, Map.of("sampler", method.name())));
            if (model.samplers().contains(method.name())) {
                assertThat(violations).as(method.name()).isEmpty();
                continue;
            }
            List<String> lacking = method.lacking(Offers.of(model.bundle())).stream()
                    .map(Need::name)
                    .toList();
            assertThat(violations).as(method.name()).singleElement().satisfies(violation -> {
                assertThat(violation.code()).isEqualTo("unsupported_by_model");
                assertThat(violation.detail())
                        .contains(model.manifest().name())
                        .contains(lacking.isEmpty() ? List.of("does not offer") : lacking);
            });
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void aFieldThatOtherModelsHaveIsRefusedWithTheReason(Model model) throws IOException {
        for (String field : fields()) {
            List<Violation> violations = at(field, violations(model, Map.of(field, 1)));
            if (model.inputSchema().path("properties").has(field)) {
                assertThat(violations).extracting(Violation::code).doesNotContain("unsupported_by_model");
                continue;
            }
            assertThat(violations).as(field).singleElement().satisfies(violation -> {
                assertThat(violation.code()).isEqualTo("unsupported_by_model");
                assertThat(violation.detail()).contains(model.manifest().name());
            });
        }
        assertThat(at("snrr", violations(model, Map.of("snrr", 1))))
                .extracting(Violation::code)
                .containsExactly("unknown_field");
    }

    /** Values that are an option's, but not for this bundle. */
    @Test
    void aValueThatNeedsMoreOfTheBundleIsRefused() throws IOException {
        Model peaks = new Model(BundleReader.read(FAMILIES.resolve("peaks")));
        assertThat(violations(peaks, Map.of("class", "high", "sampler", "ddpm", "variance", "learned")))
                .singleElement()
                .satisfies(violation -> {
                    assertThat(violation.code()).isEqualTo("unsupported_by_model");
                    assertThat(violation.pointer()).isEqualTo("#/input/variance");
                    assertThat(violation.detail()).contains("learned-variance");
                });
    }

    /** Every field that some model has: of samplers, guidance, conditions and starts. */
    private static TreeSet<String> fields() {
        TreeSet<String> fields = new TreeSet<>(List.of(
                "class", "guidance", "factors", "prompt", "negative_prompt", "prompt_weighting", "clip_skip", "width"));
        fields.addAll(List.of("height", "loras", "image", "mask", "strength", "degraded", "source", "start"));
        fields.addAll(List.of("start_time", "prior_seed", GuidanceOptions.CLASSIFIER.name()));
        Stream.concat(
                        Methods.all().stream().flatMap(method -> method.allOptions().stream()),
                        Stream.of(GuidanceOptions.ofClasses(), GuidanceOptions.ofAll())
                                .flatMap(List::stream))
                .map(Option::name)
                .forEach(fields::add);
        return fields;
    }

    private static List<Violation> violations(Model model, Map<String, Object> input) {
        return model.violations(Json.MAPPER.valueToTree(input));
    }

    private static List<Violation> at(String field, List<Violation> violations) {
        return violations.stream()
                .filter(violation -> violation.pointer().equals("#/input/" + field))
                .toList();
    }
}
