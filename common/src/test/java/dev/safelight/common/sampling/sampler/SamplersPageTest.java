package dev.safelight.common.sampling.sampler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Need;
import dev.safelight.common.sampling.Option;
import dev.safelight.common.sampling.guidance.GuidanceOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The tables of docs/samplers.md are the registry. {@code -Dsafelight.write=true} writes them anew. */
class SamplersPageTest {
    private static final Path PAGE = Path.of("..", "docs", "samplers.md");

    @Test
    void thePageSaysWhatTheRegistrySays() throws IOException {
        String page = Files.readString(PAGE);
        String expected = replaced(replaced(page, "samplers", samplers()), "options", options());
        if (Boolean.getBoolean("safelight.write")) {
            Files.writeString(PAGE, expected);
        }
        assertThat(page).isEqualTo(expected);
    }

    private static String replaced(String page, String name, String content) {
        String begin = "<!-- " + name + " -->\n";
        String end = "<!-- end of " + name + " -->\n";
        assertThat(page).contains(begin).contains(end);
        return page.substring(0, page.indexOf(begin) + begin.length()) + content + page.substring(page.indexOf(end));
    }

    private static String samplers() {
        StringBuilder table = new StringBuilder("""
                | `sampler` | What it does | When to use it | Evaluations for N steps | Needs | Source |
                |---|---|---|---|---|---|
                """);
        for (Method method : Methods.all()) {
            table.append("| `%s` | %s | %s | %s | %s | %s |\n"
                    .formatted(
                            method.name(),
                            method.description(),
                            method.advice(),
                            method.evaluations(),
                            method.needs().stream().map(Need::name).collect(Collectors.joining("; ")),
                            method.source()));
        }
        return table.toString();
    }

    private static String options() {
        Map<Option<?>, String> takers = new LinkedHashMap<>();
        for (Method method : Methods.all()) {
            method.allOptions()
                    .forEach(option -> takers.merge(option, "`" + method.name() + "`", (a, b) -> a + ", " + b));
        }
        Stream.of(GuidanceOptions.ofClasses(), GuidanceOptions.ofAll())
                .flatMap(java.util.List::stream)
                .forEach(option -> takers.put(option, "all"));
        takers.put(GuidanceOptions.CLASSIFIER, "all");
        StringBuilder table = new StringBuilder("""
                | Field | Values | Default | What it says | Samplers |
                |---|---|---|---|---|
                """);
        takers.forEach((option, names) -> table.append("| `%s` | %s | %s | %s | %s |\n"
                .formatted(
                        option.name(),
                        values(option),
                        option.fallback() == null ? "" : "`" + option.fallback() + "`",
                        option.description().replace("|", "\\|"),
                        names)));
        return table.toString();
    }

    private static String values(Option<?> option) {
        return switch (option) {
            case Option.Real real -> real.low() + " to " + real.high();
            case Option.Whole whole -> whole.low() + " to " + whole.high() + ", whole";
            case Option.Word word -> String.join(", ", word.words());
            case Option.Flag _ -> "true, false";
            case Option.Reals reals -> "list of at most " + reals.most() + " numbers";
            case Option.Text _ -> "a class";
            case Option.Prompt _ -> "a text";
            case Option.Seed _ -> "whole number";
            case Option.Image _ -> "an image";
            case Option.Encoding _ -> "an object of format and quality";
            case Option.Factors _ -> "an object of factors";
            case Option.Loras _ -> "list of names with weights";
            case Option.FactorTerms terms -> "list of at most " + terms.most() + " `{\"factors\", \"weight\"}`";
            case Option.Terms terms -> "list of at most " + terms.most() + " `{\"class\", \"weight\"}`";
        };
    }
}
