package dev.safelight.standalone.image;

import dev.safelight.common.wire.Json;
import dev.safelight.embedded.testing.JavaProcess;
import dev.safelight.embedded.testing.TestServers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One image of the Dockerfile: what it takes from the build and the context, its environment, and how it starts.
 *
 * @param copies target inside the working folder → source; sources of the build stage are paths of this repository
 */
record ImageStage(String name, Map<String, String> copies, Map<String, String> environment, List<String> entrypoint) {
    private static final Pattern FROM = Pattern.compile("FROM (\\S+) AS (\\S+)");
    private static final Pattern COPY = Pattern.compile("COPY (?:--from=build /source/)?([^-/]\\S*) (\\S+)");
    private static final Pattern VARIABLE = Pattern.compile("(?:ENV)?\\s+(\\w+)=(\\S+)(?: \\\\)?");

    /** The repository, which is also the context of the build. */
    static final Path REPOSITORY = Path.of(System.getProperty("safelight.root"));

    /** The stages that have an entrypoint. */
    static List<ImageStage> all() throws IOException {
        List<ImageStage> stages = new ArrayList<>();
        ImageStage current = null;
        for (String line : Files.readAllLines(REPOSITORY.resolve("Dockerfile"))) {
            Matcher from = FROM.matcher(line);
            Matcher copy = COPY.matcher(line);
            Matcher variable = VARIABLE.matcher(line);
            if (from.matches()) {
                current =
                        new ImageStage(from.group(2), new LinkedHashMap<>(), new LinkedHashMap<>(), new ArrayList<>());
                stages.add(current);
            } else if (copy.matches()) {
                current.copies.put(copy.group(2), copy.group(1));
            } else if (variable.matches()) {
                current.environment.put(variable.group(1), variable.group(2));
            } else if (line.startsWith("ENTRYPOINT ")) {
                current.entrypoint.addAll(List.of(Json.read(line.substring("ENTRYPOINT ".length()), String[].class)));
            }
        }
        return stages.stream().filter(stage -> !stage.entrypoint.isEmpty()).toList();
    }

    static ImageStage named(String name) throws IOException {
        return all().stream()
                .filter(stage -> stage.name.equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("the Dockerfile has no image " + name));
    }

    /** Starts what the image starts, by its entrypoint word for word, with its environment and these settings. */
    JavaProcess start(Map<String, String> settings) throws IOException {
        Map<String, String> all = new HashMap<>(environment);
        // The libraries of the GPU image are not here; the rest of its environment is.
        all.keySet()
                .removeIf(name -> name.contains("LIBRARY_PATH") || name.equals("PATH") || name.startsWith("PYTORCH_"));
        all.putAll(settings);
        // The image's java is the first on its PATH.
        all.put("PATH", Path.of(System.getProperty("java.home"), "bin") + ":" + System.getenv("PATH"));
        // ProcessBuilder looks programs up on this process's PATH, a container on its own; so does env.
        List<String> command = new ArrayList<>(List.of("/usr/bin/env"));
        command.addAll(entrypoint);
        return JavaProcess.start(name, command, all, layOut(TestServers.newFolder(name)));
    }

    /** Makes a folder look like the image's working folder, by links into the built repository. */
    private Path layOut(Path folder) throws IOException {
        for (Map.Entry<String, String> copy : copies.entrySet()) {
            Path source = REPOSITORY.resolve(copy.getValue());
            if (Files.notExists(source)) {
                throw new IllegalStateException(
                        source + " is missing: run the tests by mvn verify, which builds the jars");
            }
            Files.createSymbolicLink(folder.resolve(copy.getKey()), source);
        }
        return folder;
    }
}
