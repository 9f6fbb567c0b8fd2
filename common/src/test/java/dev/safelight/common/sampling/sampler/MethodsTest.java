package dev.safelight.common.sampling.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Option;
import dev.safelight.common.sampling.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class MethodsTest {

    static List<Method> all() {
        return Methods.all();
    }

    @Test
    void thereAreThese() {
        assertThat(all())
                .extracting(Method::name)
                .doesNotHaveDuplicates()
                .contains(
                        "ddpm",
                        "ddim",
                        "analytic-ddpm",
                        "analytic-ddim",
                        "dp",
                        "ancestral",
                        "euler",
                        "euler-a",
                        "heun",
                        "lms",
                        "plms",
                        "dpmpp-2m",
                        "dpmpp-2m-sde",
                        "dpmpp-3m",
                        "unipc",
                        "lcm",
                        "annealed-langevin",
                        "sde-em",
                        "sde-reverse-diffusion",
                        "sde-pc",
                        "pf-ode",
                        "gamma",
                        "mixture",
                        "cold",
                        "ddgan",
                        "diffflow",
                        "flow-euler");
    }

    /** A sampler is one file and one line: whoever forgets the line learns it here. */
    @Test
    void everyFileOfSamplersIsRegistered() throws IOException {
        Path folder = Path.of("src/main/java", Methods.class.getPackageName().replace('.', '/'));
        String registry = Files.readString(folder.resolve("Methods.java"));
        int registered = 0;
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                if (Files.readString(file).contains("static final List<Method> METHODS")) {
                    registered++;
                    String name = file.getFileName().toString().replace(".java", "");
                    assertThat(registry).containsPattern("\\b" + name + "\\.METHODS\\b");
                }
            }
        }
        assertThat(registry.split("\\.METHODS\\b")).hasSize(registered + 1);
    }

    @ParameterizedTest
    @MethodSource("all")
    void eachSaysWhatItIs(Method method) {
        assertThat(method.name()).matches("[a-z0-9-]+");
        assertThat(method.description()).isNotBlank();
        assertThat(method.advice()).isNotBlank();
        assertThat(method.source()).matches("(?s).*(19|20)\\d\\d.*|.*k-diffusion.*");
        assertThat(method.evaluations()).isNotBlank();
        assertThat(Settings.offerFor(method)).isNotNull();
    }

    /** Fields of a request are flat: one name means one thing, whichever sampler is asked for. */
    @Test
    void optionsOfOneNameAreOneOption() {
        Map<String, Option<?>> byName = new HashMap<>();
        for (Method method : all()) {
            assertThat(method.allOptions()).extracting(Option::name).doesNotHaveDuplicates();
            for (Option<?> option : method.allOptions()) {
                assertThat(option.name()).matches("[a-z_]+");
                assertThat(option.description()).isNotBlank();
                Option<?> twin = byName.put(option.name(), option);
                assertThat(twin == null || twin.equals(option))
                        .as(option.name())
                        .isTrue();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("all")
    void eachOptionsFallbackIsOneOfItsValues(Method method) {
        for (Option<?> option : method.allOptions()) {
            if (option.fallback() != null) {
                assertThat(option.read(option.fallback())).isEqualTo(option.fallback());
            }
        }
    }

    @Test
    void optionsRefuseWhatTheyAreNot() {
        refuses(new Option.Real("a", "a", 0, 1, 0.5), 1.5, -0.1, "1", true);
        refuses(new Option.Whole("a", "a", 1, 9, 5), 0, 10, 2.5, "2");
        refuses(new Option.Word("a", "a", List.of("x"), "x"), "y", 1);
        refuses(new Option.Flag("a", "a", false), "true", 1);
        refuses(new Option.Reals("a", "a", 2, 0, 9), List.of(), List.of(1, 2, 3), List.of(10), List.of("1"), 1);
        refuses(new Option.Text("a", "a"), 1);
        refuses(
                new Option.Terms("a", "a", 1),
                List.of(),
                List.of(Map.of("class", "x")),
                List.of(Map.of("class", 1, "weight", 1)),
                List.of(Map.of("class", "x", "weight", 1), Map.of("class", "x", "weight", 1)));
    }

    private static void refuses(Option<?> option, Object... values) {
        for (Object value : values) {
            assertThatThrownBy(() -> option.read(value)).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
