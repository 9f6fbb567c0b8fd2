package dev.safelight.bench.system;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One of our programs as a process of its own, as in production. */
public final class ChildProcess implements AutoCloseable {
    private final Process process;
    private final Matcher ready;

    private ChildProcess(Process process, Matcher ready) {
        this.process = process;
        this.ready = ready;
    }

    /**
     * Starts a runnable jar and waits for the line that says it is ready.
     *
     * @param options of the JVM
     */
    public static ChildProcess start(Path jar, List<String> options, Map<String, String> environment, Pattern ready)
            throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.add("-jar");
        command.add(jar.toString());
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(environment);
        Process process = builder.start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        try {
            return new ChildProcess(process, await(process, ready));
        } catch (IOException e) {
            process.destroyForcibly();
            throw new IOException(jar.getFileName() + " did not start: " + e.getMessage(), e);
        }
    }

    private static Matcher await(Process process, Pattern ready) throws IOException {
        StringBuilder log = new StringBuilder();
        BufferedReader lines = process.inputReader();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            Matcher matcher = ready.matcher(line);
            if (matcher.find()) {
                // Somebody has to read on, or the child stops when the pipe is full.
                Thread.ofVirtual().start(() -> showProblems(lines));
                return matcher;
            }
            log.append(System.lineSeparator()).append(line);
        }
        throw new IOException(log.toString());
    }

    private static void showProblems(BufferedReader lines) {
        try {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.contains("WARN") || line.contains("ERROR")) {
                    System.err.println(line);
                }
            }
        } catch (IOException e) {
            // The child ended.
        }
    }

    /** A group of the pattern that said it was ready. */
    public String said(int group) {
        return ready.group(group);
    }

    public long pid() {
        return process.pid();
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(15, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
