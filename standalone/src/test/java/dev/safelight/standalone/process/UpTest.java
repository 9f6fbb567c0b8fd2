package dev.safelight.standalone.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.safelight.common.wire.Json;
import dev.safelight.embedded.Ports;
import dev.safelight.embedded.testing.JavaProcess;
import dev.safelight.embedded.testing.TestServers;
import dev.safelight.standalone.Main;
import dev.safelight.standalone.client.SafelightClient;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

/** {@code safelight up} and the commands beside it, as processes. */
class UpTest {
    private static final Duration PATIENCE = Duration.ofSeconds(120);
    /** However much runs: a supervisor that waits so long before it kills never has to. */
    private static final Duration STOPS_WITHIN = Duration.ofSeconds(10);

    private static final Path MODELS =
            Path.of(System.getProperty("safelight.root"), "worker/src/test/resources/bundles");

    private final Path data = TestServers.newFolder("up");
    private final int port = Ports.free();
    private final String url = "http://127.0.0.1:" + port;

    @Test
    void keepsJobsOutputsAndQueueAcrossARestartAndStopsInOrder() throws Exception {
        String finished;
        byte[] picture;
        List<String> left = new ArrayList<>();
        try (JavaProcess up = up(Map.of(), "--port", Integer.toString(port), "--data", data.toString());
                SafelightClient client = new SafelightClient(URI.create(url))) {
            up.awaitLine(line -> line.startsWith("Safelight is ready at " + url), PATIENCE);
            assertThat(up.awaitLine(line -> line.contains("curl "), PATIENCE)).contains("tiny");
            finished = pasteCurl(up.output()).path("id").asText();
            picture = client.output("/v1/jobs/" + finished + "/outputs/0");
            assertPicture(picture);
            writesPicturesFromTheCommandLine();
            saysThatTheFolderIsInUse(up.pid());
            for (int job = 0; job < 4; job++) {
                left.add(client.submit(job(400)).path("id").asText());
            }
            awaitRunning(client, left.getLast());
            up.terminate();
            assertThat(up.awaitExit(STOPS_WITHIN)).isZero();
            assertThat(up.output()).contains("safelight: stopped").doesNotContain("Exception", " ERROR ");
        }
        assertThat(serversOn(data)).as("processes left behind").isEmpty();
        try (JavaProcess up = up(Map.of(), "--port", Integer.toString(port), "--data", data.toString());
                SafelightClient client = new SafelightClient(URI.create(url))) {
            up.awaitLine(line -> line.startsWith("Safelight is ready at " + url), PATIENCE);
            assertThat(client.output("/v1/jobs/" + finished + "/outputs/0")).isEqualTo(picture);
            for (String job : left) {
                JsonNode ended = await(client, job);
                assertThat(ended.path("state").asText()).isEqualTo("succeeded");
                assertPicture(
                        client.output(ended.path("outputs").get(0).path("url").asText()));
            }
            // Ctrl-C reaches every process of the terminal's group, and servers of ours must not take it for theirs.
            new ProcessBuilder("kill", "-INT", Long.toString(up.pid())).start().waitFor();
            assertThat(up.awaitExit(PATIENCE)).isZero();
        }
        assertThat(serversOn(data)).as("processes left behind").isEmpty();
    }

    @Test
    void startsOverWhatAKillLeft() throws Exception {
        String[] arguments = {"--port", Integer.toString(port), "--data", data.toString()};
        Map<String, String> shortLease = Map.of("SAFELIGHT_LEASE", "5s", "SAFELIGHT_SELF_FENCE", "3s");
        String job;
        try (JavaProcess up = up(shortLease, arguments);
                SafelightClient client = new SafelightClient(URI.create(url))) {
            up.awaitLine(line -> line.startsWith("Safelight is ready"), PATIENCE);
            job = client.submit(job(400)).path("id").asText();
            up.kill();
        }
        try (JavaProcess up = up(shortLease, arguments);
                SafelightClient client = new SafelightClient(URI.create(url))) {
            up.awaitLine(line -> line.startsWith("Safelight is ready"), PATIENCE);
            assertThat(await(client, job).path("state").asText()).isEqualTo("succeeded");
            // A Postgres that stands still cannot hold up the end; it is cut off.
            pausePostgres();
            up.terminate();
            assertThat(up.awaitExit(PATIENCE)).isZero();
            assertThat(up.output()).contains("not everything stopped within 9 s");
        }
        assertThat(serversOn(data)).as("processes left behind").isEmpty();
    }

    private void pausePostgres() throws Exception {
        Path pidFile = data.resolve("postgres").resolve("data").resolve("postmaster.pid");
        ProcessHandle first = ProcessHandle.of(
                        Long.parseLong(Files.readAllLines(pidFile).getFirst()))
                .orElseThrow();
        for (ProcessHandle server :
                Stream.concat(Stream.of(first), first.descendants()).toList()) {
            new ProcessBuilder("kill", "-STOP", Long.toString(server.pid()))
                    .start()
                    .waitFor();
        }
    }

    private static void awaitRunning(SafelightClient client, String job) throws Exception {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!client.job(job).path("state").asText().equals("running")) {
            assertThat(System.nanoTime()).as("deadline of " + job).isLessThan(deadline);
            Thread.sleep(20);
        }
    }

    @Test
    void saysInOneLineWhyItDoesNotStart() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String busy = Integer.toString(taken.getLocalPort());
            assertRefused(up(Map.of(), "--port", busy, "--data", data.toString()), "port " + busy + " is in use");
        }
        String free = Integer.toString(port);
        assertRefused(
                up(Map.of("SAFELIGHT_SLOTS", "many"), "--port", free, "--data", data.toString()),
                "SAFELIGHT_SLOTS=many");
        assertRefused(
                up(Map.of("SAFELIGHT_MODELS", "/no/where"), "--port", free, "--data", data.toString()), "/no/where");
        Path file = Files.writeString(data.resolve("file"), "");
        assertRefused(up(Map.of(), "--port", free, "--data", file.toString()), file.toString());
        assertRefused(up(Map.of(), "--port", "70000", "--data", data.toString()), "70000");
        assertThat(serversOn(data)).isEmpty();
    }

    private void saysThatTheFolderIsInUse(long owner) {
        assertRefused(
                up(Map.of(), "--port", Integer.toString(Ports.free()), "--data", data.toString()),
                "in use by process " + owner);
    }

    private static void assertRefused(JavaProcess process, String why) {
        try (process) {
            assertThat(process.awaitExit(PATIENCE)).isNotZero();
            process.awaitLine(line -> line.startsWith("safelight: ") && line.contains(why), PATIENCE);
            assertThat(process.output().lines()).hasSize(1);
        }
    }

    private void writesPicturesFromTheCommandLine() throws IOException {
        Path out = data.resolve("pictures");
        try (JavaProcess submit = start(
                Map.of(),
                "submit",
                "--url",
                url,
                "--model",
                "tiny",
                "--class",
                "square",
                "--seed",
                "7",
                "--count",
                "4",
                "--sampler",
                "euler",
                "--steps",
                "6",
                "--guidance",
                "1.5",
                "--input",
                "spacing=leading",
                "-o",
                out.toString())) {
            assertThat(submit.awaitExit(PATIENCE)).as(submit.output()).isZero();
            assertThat(submit.output()).contains("succeeded");
        }
        try (Stream<Path> files = Files.list(out)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder(
                            "tiny-square-7.png", "tiny-square-8.png", "tiny-square-9.png", "tiny-square-10.png");
        }
        assertPicture(Files.readAllBytes(out.resolve("tiny-square-10.png")));
        try (JavaProcess submit =
                start(Map.of(), "submit", "--url", url, "--model", "tiny", "--class", "dodecahedron", "--steps", "0")) {
            assertThat(submit.awaitExit(PATIENCE)).isEqualTo(1);
            assertThat(submit.output().lines()).hasSize(1);
            assertThat(submit.output()).contains("/input/class", "/input/steps", "422");
        }
    }

    /** The line for people, as a shell runs it. */
    private static JsonNode pasteCurl(String welcome) throws Exception {
        String line = welcome.lines()
                .filter(text -> text.contains("curl "))
                .findFirst()
                .orElseThrow();
        try (JavaProcess shell = JavaProcess.start("sh", List.of("sh", "-c", line), Map.of(), Path.of("/"))) {
            assertThat(shell.awaitExit(PATIENCE)).as(shell.output()).isZero();
            JsonNode job = Json.MAPPER.readTree(shell.output());
            assertThat(job.path("state").asText()).as(shell.output()).isEqualTo("succeeded");
            return job;
        }
    }

    private static ObjectNode job(int steps) {
        ObjectNode request = Json.MAPPER.createObjectNode().put("model", "tiny");
        request.putObject("input").put("class", "circle").put("steps", steps);
        return request;
    }

    private static JsonNode await(SafelightClient client, String id) throws Exception {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        JsonNode job = client.await(id, Duration.ofSeconds(20));
        while (List.of("queued", "running").contains(job.path("state").asText())) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("not over after " + PATIENCE + ": " + job);
            }
            job = client.await(id, Duration.ofSeconds(20));
        }
        return job;
    }

    private static void assertPicture(byte[] png) throws IOException {
        BufferedImage picture = ImageIO.read(new ByteArrayInputStream(png));
        assertThat(picture).as("a PNG that can be read").isNotNull();
        assertThat(picture.getWidth()).isEqualTo(28);
    }

    private static List<String> serversOn(Path folder) {
        return ProcessHandle.allProcesses()
                .map(process -> process.info().commandLine().orElse(""))
                .filter(line -> line.contains(folder.toString()))
                .toList();
    }

    private static JavaProcess up(Map<String, String> environment, String... arguments) {
        return start(
                environment,
                Stream.concat(Stream.of("up"), Stream.of(arguments)).toArray(String[]::new));
    }

    private static JavaProcess start(Map<String, String> environment, String... arguments) {
        Map<String, String> all = new HashMap<>(Map.of("SAFELIGHT_MODELS", MODELS.toString()));
        all.putAll(environment);
        return JavaProcess.start(Main.class, List.of("-Xmx512m"), all, arguments);
    }
}
