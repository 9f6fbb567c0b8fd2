package dev.safelight.standalone.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.wire.Json;
import dev.safelight.embedded.Ports;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class CommandLineTest {
    private record Ended(int status, String out, String err) {}

    @Test
    void saysInOneLineWhatIsWrongWithTheUsage() {
        assertWrongUsage(run("subbmit"), "subbmit");
        assertWrongUsage(run("submit", "--seed", "seven"), "seven");
        assertWrongUsage(run("models", "--url", "localhost:8080"), "localhost:8080");
        assertWrongUsage(run("cancel"), "ID");
        assertWrongUsage(run(), "a command is missing");
    }

    private static void assertWrongUsage(Ended ended, String about) {
        assertThat(ended.status()).isEqualTo(2);
        assertThat(ended.err().lines())
                .hasSize(1)
                .allMatch(line -> line.startsWith("safelight: ") && line.contains(about));
    }

    @Test
    void saysInOneLineWhatCannotBeEvaluated(@TempDir Path empty) {
        Path tiny =
                Path.of(System.getProperty("safelight.root"), "worker", "src", "test", "resources", "bundles", "tiny");
        assertFailed(run("evaluate", empty.toString()), empty.toString());
        assertFailed(
                run("evaluate", tiny.toString(), "--data", empty.toString()), "cannot read the data set in " + empty);
    }

    private static void assertFailed(Ended ended, String about) {
        assertThat(ended.status()).isEqualTo(1);
        assertThat(ended.err().lines())
                .hasSize(1)
                .allMatch(line -> line.startsWith("safelight: ") && line.contains(about));
    }

    @Test
    void saysThatNoServerAnswers() {
        String url = "http://127.0.0.1:" + Ports.free();
        Ended ended = run("submit", "--url", url, "--model", "fashion");
        assertThat(ended.status()).isEqualTo(3);
        assertThat(ended.err().lines()).hasSize(1).allMatch(line -> line.contains("no Safelight answers at " + url));
    }

    @Test
    void helpsInBothWaysOfAsking() {
        assertThat(run("help", "submit").out())
                .contains("--guidance")
                .isEqualTo(run("submit", "--help").out());
        Ended help = run("help");
        assertThat(help.status()).isZero();
        assertThat(help.out()).contains("up", "submit", "models", "jobs", "cancel", "bench", "import", "Exit status");
    }

    /** Of a sign that it cannot format, the library of the command line warns the reader. */
    @Test
    void theHelpOfEveryCommandIsHelpAlone() {
        for (String command : new CommandLine(new Safelight()).getSubcommands().keySet()) {
            Ended help = run(command, "--help");
            assertThat(help.status()).as(command).isZero();
            assertThat(help.out()).as(command).contains("Usage: safelight " + command);
            assertThat(help.err()).as(command).isEmpty();
        }
    }

    @Test
    void optionsAreFieldsOfTheRequest() throws Exception {
        SubmitCommand command = new SubmitCommand();
        new CommandLine(command)
                .parseArgs(
                        "--prompt",
                        "ein Fuchs, (rot:1.2) = schön 🦊",
                        "--negative-prompt=blurry",
                        "--width=640",
                        "--height=512",
                        "--strength=0.5",
                        "--format=jpeg",
                        "--quality=80");
        assertThat(Json.MAPPER.readTree(Json.write(command.request("sd")))).isEqualTo(Json.MAPPER.readTree("""
                        {"model": "sd", "input": {"prompt": "ein Fuchs, (rot:1.2) = schön 🦊", "negative_prompt": "blurry",
                         "width": 640, "height": 512, "strength": 0.5, "output": {"format": "jpeg", "quality": 80}}}"""));
    }

    @Test
    void theExampleCanBePasted() {
        ExampleRequest example = new ExampleRequest("fashion", Optional.of(ExampleRequest.Said.label("it's")));
        assertThat(example.curl("http://127.0.0.1:8080"))
                .endsWith("-d '{\"model\":\"fashion\",\"input\":{\"class\":\"it'\\''s\",\"seed\":7}}'"
                        + " http://127.0.0.1:8080/v1/jobs");
        assertThat(example.submit("http://127.0.0.1:8080")).contains(" --class 'it'\\''s' --seed 7 ");
        ExampleRequest prompted = new ExampleRequest("sd", Optional.of(ExampleRequest.Said.prompt("a fox")));
        assertThat(prompted.curl("http://x")).contains("\"prompt\":\"a fox\"");
        assertThat(prompted.submit("http://x")).contains(" --prompt 'a fox' ");
        assertThat(new ExampleRequest("plain", Optional.empty()).submit("http://x"))
                .doesNotContain("--class");
    }

    @Test
    void showsABarWithTheTimeThatIsLeft() {
        JobProgress half = new JobProgress("running", 10, 20, null, "");
        assertThat(half.left(Duration.ofSeconds(3))).contains(Duration.ofSeconds(3));
        assertThat(half.bar(Duration.ofSeconds(3)))
                .isEqualTo("running   [###############---------------] step 10/20  3.0 s left");
        JobProgress waiting = new JobProgress("queued", 0, 20, null, "position 3");
        assertThat(waiting.left(Duration.ofSeconds(3))).isEmpty();
        assertThat(waiting.bar(Duration.ZERO))
                .isEqualTo("queued    [------------------------------] step 0/20  position 3");
    }

    @Test
    void saysWhyAQueuedJobWaits() throws Exception {
        var job = Json.MAPPER.readTree(
                "{\"state\": \"queued\", \"progress\": {\"step\": 0, \"of\": 5}, \"queue\": {\"reason\": \"no worker\", \"position\": 1}}");
        assertThat(JobProgress.of(job)).isEqualTo(new JobProgress("queued", 0, 5, null, "no worker"));
    }

    @Test
    void noPictureTakesThePlaceOfAnother(@TempDir Path folder) throws Exception {
        PictureFolder pictures = new PictureFolder(folder.resolve("deep/er"));
        Path first = pictures.write("a-7", "png", new byte[] {1});
        assertThat(pictures.write("a-7", "png", new byte[] {1}))
                .as("the same again")
                .isEqualTo(first);
        Path second = pictures.write("a-7", "png", new byte[] {2});
        assertThat(second).hasFileName("a-7-2.png");
        assertThat(Files.readAllBytes(first)).containsExactly(1);
        assertThat(Files.readAllBytes(second)).containsExactly(2);
    }

    private static Ended run(String... arguments) {
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
        ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
        try {
            System.setOut(new PrintStream(outBytes, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(errBytes, true, StandardCharsets.UTF_8));
            int status = Safelight.execute(arguments);
            return new Ended(
                    status, outBytes.toString(StandardCharsets.UTF_8), errBytes.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }
}
