package dev.safelight.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Every test that {@code docs/sampler-checks.md} names is there. */
class SamplerChecksTest {
    private static final Path ROOT = Path.of(System.getProperty("safelight.root"));
    private static final Pattern NAMED = Pattern.compile("`(\\w+Test)\\.(\\w+)`");
    private static final Pattern WITHIN_TABLE = Pattern.compile("(?m)^\\|.*\\|$");

    @Test
    void thePageNamesTestsThatThereAre() throws IOException {
        String page = Files.readString(ROOT.resolve("docs").resolve("sampler-checks.md"));
        Map<String, List<String>> sources = sources();
        List<String> missing = new ArrayList<>();
        int named = 0;
        Matcher matcher = NAMED.matcher(page);
        while (matcher.find()) {
            named++;
            String method = matcher.group(2);
            if (sources.getOrDefault(matcher.group(1), List.of()).stream()
                    .noneMatch(source -> isTest(source, method))) {
                missing.add(matcher.group());
            }
        }
        assertThat(missing).isEmpty();
        assertThat(named).isGreaterThan(60);
        assertThat(isTest("@Test void other() {}", "missing")).as("the control").isFalse();
        assertThat(isTest("private static void there() {}", "there")).isFalse();
    }

    /** A row without a test or without a way that it runs says nothing. */
    @Test
    void everyRowSaysWhereItIsShown() throws IOException {
        String page = Files.readString(ROOT.resolve("docs").resolve("sampler-checks.md"));
        assertThat(WITHIN_TABLE.matcher(page).results().map(MatchResult::group))
                .filteredOn(row -> !row.startsWith("|---") && !row.startsWith("| Check |"))
                .hasSizeGreaterThan(40)
                .allSatisfy(row -> {
                    assertThat(row.split("\\|")).as(row).hasSize(5);
                    assertThat(NAMED.matcher(row).find()).as(row).isTrue();
                    assertThat(row.split("\\|")[2].strip()).as(row).matches("engine|requests|plain");
                });
    }

    private static boolean isTest(String source, String method) {
        return Pattern.compile("@(Test|ParameterizedTest|Property)\\b[^;]*?\\bvoid " + method + "\\(")
                .matcher(source)
                .find();
    }

    /** Of test classes, by their simple names. */
    private static Map<String, List<String>> sources() throws IOException {
        Map<String, List<String>> sources = new HashMap<>();
        for (String module : List.of("common", "worker", "standalone")) {
            try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src/test/java"))) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    String name = file.getFileName().toString().replace(".java", "");
                    sources.computeIfAbsent(name, _ -> new ArrayList<>()).add(Files.readString(file));
                }
            }
        }
        return sources;
    }
}
