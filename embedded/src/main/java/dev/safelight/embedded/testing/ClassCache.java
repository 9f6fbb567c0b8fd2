package dev.safelight.embedded.testing;

import dev.safelight.embedded.Folders;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;

/**
 * The class path of child processes, and a cache of its classes, loaded and linked (JEP 514), which halves what their start
 * costs. One run that visits everything trains it, for all test JVMs of a module; a class path that changes has another.
 *
 * <p>Only where the system property {@code safelight.training} names the main class of such a run: it takes longer than a
 * single test gains.
 */
final class ClassCache {
    private static final Path FOLDER = Path.of("target", "class-cache").toAbsolutePath();
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private static List<String> options;

    private ClassCache() {}

    /** What a JVM is to be told; {@code jvm} says how its children are started otherwise, which the cache depends on. */
    static synchronized List<String> options(List<String> jvm) {
        if (options == null) {
            String training = System.getProperty("safelight.training", "");
            options = training.isBlank() ? List.of("-cp", classPath()) : trained(jvm, training);
        }
        return options;
    }

    private static String classPath() {
        return System.getProperty("java.class.path");
    }

    private static List<String> trained(List<String> jvm, String training) {
        try {
            Files.createDirectories(FOLDER);
            // Another test JVM of this module may be training it.
            try (FileChannel channel =
                    FileChannel.open(FOLDER.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                channel.lock();
                Path folder = FOLDER.resolve(fingerprint());
                Path cache = folder.resolve("classes.aot");
                String jars = String.join(File.pathSeparator, jars(folder));
                if (Files.notExists(cache)) {
                    clear(folder);
                    train(jvm, jars, cache, training);
                }
                // It warns of what it could not use, where nobody reads it or a test expects one line.
                return List.of("-XX:AOTCache=" + cache, "-Xlog:aot*=off", "-cp", jars);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What earlier class paths left, and a training that was killed. */
    private static void clear(Path present) throws IOException {
        try (Stream<Path> folders = Files.list(FOLDER)) {
            folders.filter(folder -> Files.isDirectory(folder) && !folder.equals(present))
                    .forEach(Folders::delete);
        }
    }

    private static void train(List<String> jvm, String jars, Path cache, String training) throws IOException {
        Path partial = cache.resolveSibling("partial.aot");
        List<String> command = new ArrayList<>(jvm);
        command.addAll(List.of("-XX:AOTCacheOutput=" + partial, "-cp", jars, training));
        try (JavaProcess run =
                JavaProcess.start("training", command, Map.of(), Path.of("").toAbsolutePath())) {
            if (run.awaitExit(PATIENCE) != 0 || Files.notExists(partial)) {
                throw new IOException("no class cache was made:\n" + run.output());
            }
        }
        Files.move(partial, cache, StandardCopyOption.ATOMIC_MOVE);
    }

    /** The class path with a jar in the place of each folder, which no cache takes. */
    private static List<String> jars(Path folder) throws IOException {
        Files.createDirectories(folder);
        List<String> jars = new ArrayList<>();
        for (String entry : classPath().split(File.pathSeparator)) {
            if (Files.isDirectory(Path.of(entry))) {
                Path jar = folder.resolve(jars.size() + ".jar");
                if (Files.notExists(jar)) {
                    Path partial = folder.resolve("partial.jar");
                    pack(Path.of(entry), partial);
                    Files.move(partial, jar, StandardCopyOption.ATOMIC_MOVE);
                }
                jars.add(jar.toString());
            } else if (Files.exists(Path.of(entry))) {
                jars.add(entry);
            }
        }
        return jars;
    }

    private static void pack(Path folder, Path jar) throws IOException {
        int status = ToolProvider.findFirst("jar")
                .orElseThrow()
                .run(System.out, System.err, "--create", "--file", jar.toString(), "-C", folder.toString(), ".");
        if (status != 0) {
            throw new IOException("no jar could be made of " + folder);
        }
    }

    /** Of names, sizes and times of everything on the class path. */
    private static String fingerprint() throws IOException {
        int hash = Runtime.version().hashCode();
        for (String entry : classPath().split(File.pathSeparator)) {
            if (Files.exists(Path.of(entry))) {
                try (Stream<Path> files = Files.walk(Path.of(entry))) {
                    for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                        hash = 31 * hash + file.toString().hashCode();
                        hash = 31 * hash + Long.hashCode(Files.size(file));
                        hash = 31 * hash + Files.getLastModifiedTime(file).hashCode();
                    }
                }
            }
        }
        return Integer.toHexString(hash);
    }
}
