package dev.safelight.standalone.image;

import dev.safelight.common.wire.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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

    /** The stages that have an entrypoint. */
    static List<ImageStage> read(Path dockerfile) throws IOException {
        List<ImageStage> stages = new ArrayList<>();
        ImageStage current = null;
        for (String line : Files.readAllLines(dockerfile)) {
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

    /** Makes a folder look like the image's working folder, by links into the built repository. */
    Path layOut(Path repository, Path folder) throws IOException {
        for (Map.Entry<String, String> copy : copies.entrySet()) {
            Path source = repository.resolve(copy.getValue());
            if (Files.notExists(source)) {
                throw new IllegalStateException(
                        source + " is missing: run the tests by mvn verify, which builds the jars");
            }
            Files.createSymbolicLink(folder.resolve(copy.getKey()), source);
        }
        return folder;
    }
}
