package dev.safelight.embedded.testing;

import dev.safelight.embedded.Folders;
import dev.safelight.embedded.LocalPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * One folder for all that the tests of a JVM write, named after the process. A JVM that was killed leaves its folder
 * and the Postgres servers in it; the next one clears them away.
 */
final class TestFolder {
    private static final String PREFIX = "safelight-test-";

    private TestFolder() {}

    static Path create() {
        Path parent = Path.of(System.getProperty("java.io.tmpdir"));
        try {
            clearAbandoned(parent);
            return Files.createTempDirectory(
                    parent, PREFIX + ProcessHandle.current().pid() + "-");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void clearAbandoned(Path parent) throws IOException {
        List<Path> folders;
        try (Stream<Path> children = Files.list(parent)) {
            folders = children.filter(TestFolder::isAbandoned).toList();
        }
        for (Path folder : folders) {
            try {
                stopServers(folder);
                Folders.delete(folder);
            } catch (IOException | UncheckedIOException e) {
                // Another user's, or another JVM clears it at this moment.
                System.err.println("could not clear " + folder + ": " + e.getMessage());
            }
        }
    }

    private static boolean isAbandoned(Path folder) {
        String[] parts = folder.getFileName().toString().split("-");
        return folder.getFileName().toString().startsWith(PREFIX)
                && parts.length == 4
                && parts[2].matches("\\d+")
                && ProcessHandle.of(Long.parseLong(parts[2])).isEmpty();
    }

    private static void stopServers(Path folder) throws IOException {
        List<Path> pidFiles;
        try (Stream<Path> walk = Files.walk(folder, 6)) {
            pidFiles = walk.filter(path -> path.endsWith("postmaster.pid")).toList();
        }
        for (Path pidFile : pidFiles) {
            LocalPostgres.stopOrphan(pidFile.getParent());
        }
    }
}
