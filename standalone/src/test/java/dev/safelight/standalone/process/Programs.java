package dev.safelight.standalone.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.common.wire.Json;
import dev.safelight.embedded.testing.JavaProcess;
import dev.safelight.embedded.testing.TestServers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** The images' programs without their images: the folder that a Dockerfile lays out, and its ENTRYPOINT, word for word. */
final class Programs {
    static final Path ROOT = Path.of(System.getProperty("safelight.root"));

    private Programs() {}

    /** Starts the program of a Dockerfile with the variables that the file sets, and those given. */
    static JavaProcess start(String dockerfile, Map<String, String> environment) throws IOException {
        String module = Path.of(dockerfile).getParent().toString();
        Path folder = layOut(module);
        Map<String, String> all = new HashMap<>();
        // The images' java; here it is the one that runs the tests.
        all.put("PATH", Path.of(System.getProperty("java.home"), "bin") + ":" + System.getenv("PATH"));
        all.putAll(environment);
        // A process is looked for on its parent's PATH; env looks on the one given.
        List<String> command = new ArrayList<>(List.of("/usr/bin/env"));
        command.addAll(entrypoint(dockerfile));
        return JavaProcess.start(module, command, all, folder);
    }

    /** The words of the ENTRYPOINT line. */
    static List<String> entrypoint(String dockerfile) throws IOException {
        List<String> lines = Files.readAllLines(ROOT.resolve(dockerfile)).stream()
                .filter(line -> line.startsWith("ENTRYPOINT "))
                .toList();
        assertThat(lines).as("ENTRYPOINT of " + dockerfile).hasSize(1);
        JsonNode words = Json.MAPPER.readTree(lines.getFirst().substring("ENTRYPOINT ".length()));
        return StreamSupport.stream(words.spliterator(), false)
                .map(JsonNode::asText)
                .toList();
    }

    private static Path layOut(String module) throws IOException {
        Path target = ROOT.resolve(module).resolve("target");
        List<Path> jars = new ArrayList<>();
        if (Files.isDirectory(target)) {
            try (Stream<Path> files = Files.list(target)) {
                files.filter(file ->
                                file.getFileName().toString().matches("safelight-" + module + "-[^-]*-SNAPSHOT\\.jar"))
                        .forEach(jars::add);
            }
        }
        assumeTrue(
                !jars.isEmpty() && Files.isDirectory(target.resolve("lib")),
                module + " is not packaged: its program is tested by ./safelight test or mvn verify");
        Path folder = TestServers.newFolder(module);
        Files.createSymbolicLink(folder.resolve(module + ".jar"), jars.getFirst());
        Files.createSymbolicLink(folder.resolve("lib"), target.resolve("lib"));
        return folder;
    }
}
