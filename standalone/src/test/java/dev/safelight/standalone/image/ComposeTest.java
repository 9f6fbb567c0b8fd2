package dev.safelight.standalone.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.safelight.api.ApiSettings;
import dev.safelight.common.config.Settings;
import dev.safelight.embedded.testing.JavaProcess;
import dev.safelight.worker.WorkerSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What can be held of the containers without an engine. */
class ComposeTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @Test
    void theComposeFileIsValid() throws IOException {
        List<String> compose = compose();
        for (List<String> profile : List.of(List.<String>of(), List.of("--profile", "gpu"))) {
            String services = run(compose, profile, "config", "--services");
            assertThat(services.lines())
                    .contains("postgres", "kafka", "store", "bucket", "migrations", "api", "worker");
            run(compose, profile, "config", "--quiet");
        }
        System.out.println("docker-compose.yml is valid, says "
                + run(List.of("docker-compose"), List.of(), "version", "--short") + " of docker-compose");
        assertThat(run(compose, List.of("--profile", "gpu"), "config", "--services")
                        .lines())
                .contains("worker-gpu");
    }

    @Test
    void anyNumberOfWorkersCanRun() throws IOException {
        String config = run(compose(), List.of(), "config");
        String worker = Pattern.compile("(?ms)^  worker:\n(.*?)^  \\w|^  worker:\n(.*?)^\\w")
                .matcher(config)
                .results()
                .map(MatchResult::group)
                .findFirst()
                .orElseThrow();
        assertThat(worker).contains("target: worker\n").doesNotContain("container_name", "ports:");
    }

    /** A variable that nothing reads is a typing error that nobody would notice. */
    @Test
    void everyVariableIsOneThatTheProgramsRead() throws IOException {
        Settings known = new Settings(Map.of());
        ApiSettings.read(known);
        WorkerSettings.read(known);
        List<String> names =
                known.variables().stream().map(Settings.Variable::name).toList();
        for (String file : List.of("docker-compose.yml", "Dockerfile")) {
            String text = Files.readString(ImageStage.REPOSITORY.resolve(file));
            assertThat(Pattern.compile("SAFELIGHT_[A-Z0-9_]+")
                            .matcher(text)
                            .results()
                            .map(MatchResult::group))
                    .as(file)
                    .isSubsetOf(names);
        }
    }

    /** The broker is of the version of its clients, the store of the version that the tests talk to. */
    @ParameterizedTest
    @CsvSource({"kafka.version, apache/kafka", "s3proxy.version, andrewgaul/s3proxy"})
    void theServersAreOfTheVersionsThatWereTested(String property, String image) throws IOException {
        String version = Pattern.compile("<" + Pattern.quote(property) + ">(.*?)<")
                .matcher(Files.readString(ImageStage.REPOSITORY.resolve("pom.xml")))
                .results()
                .map(found -> found.group(1))
                .findFirst()
                .orElseThrow();
        assertThat(ImageStage.REPOSITORY.resolve("docker-compose.yml"))
                .content()
                .contains("image: " + image + ":" + version + "\n");
    }

    @Test
    void noImageIsOfWhateverVersionIsTheLatest() throws IOException {
        assertThat(Files.readString(ImageStage.REPOSITORY.resolve("docker-compose.yml")))
                .doesNotContain(":latest");
    }

    private static List<String> compose() {
        String path = System.getenv().getOrDefault("PATH", "");
        boolean there =
                Stream.of(path.split(":")).anyMatch(folder -> Files.isExecutable(Path.of(folder, "docker-compose")));
        assumeTrue(there, "docker-compose is not installed: the compose file was not checked");
        return List.of(
                "docker-compose",
                "--file",
                ImageStage.REPOSITORY.resolve("docker-compose.yml").toString());
    }

    private static String run(List<String> compose, List<String> options, String... arguments) throws IOException {
        List<String> command = Stream.of(compose, options, List.of(arguments))
                .flatMap(List::stream)
                .toList();
        try (JavaProcess process = JavaProcess.start(
                "compose", command, Map.of("SAFELIGHT_ADMIN_KEY", "none-of-your-business"), ImageStage.REPOSITORY)) {
            assertThat(process.awaitExit(PATIENCE)).as(process.output()).isZero();
            return process.output();
        }
    }
}
