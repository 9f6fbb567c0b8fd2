package dev.safelight.embedded.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * A main class of ours as a process of its own, on this JVM's class path: to be killed, paused and awaited by tests.
 * Its output is kept, standard error included.
 */
public final class JavaProcess implements AutoCloseable {
    private static final List<String> JVM = List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "--add-opens=java.base/java.lang=ALL-UNNAMED",
            "-Djava.awt.headless=true",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xmx256m");

    private final Process process;
    private final List<String> output = new ArrayList<>();
    private boolean ended;

    private JavaProcess(Process process, String name) {
        this.process = process;
        Thread.ofVirtual().name(name + "-output").start(this::read);
    }

    /** Starts a main class with a small heap, which {@code options} (of the JVM) may override. */
    public static JavaProcess start(
            Class<?> main, List<String> options, Map<String, String> environment, String... arguments) {
        List<String> command = new ArrayList<>(JVM);
        command.addAll(ClassCache.options(JVM));
        command.addAll(options);
        command.add(main.getName());
        command.addAll(List.of(arguments));
        return start(main.getSimpleName(), command, environment, Path.of("").toAbsolutePath());
    }

    /** Starts any command in a folder; {@code environment} adds to this process's. */
    public static JavaProcess start(String name, List<String> command, Map<String, String> environment, Path folder) {
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).directory(folder.toFile());
        builder.environment().put("OMP_WAIT_POLICY", "PASSIVE");
        builder.environment().putAll(environment);
        try {
            return new JavaProcess(builder.start(), name);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * The first line so far or to come that fits.
     *
     * @throws AssertionError with the output, when the process ends or the deadline passes without one
     */
    public synchronized String awaitLine(Predicate<String> fits, Duration patience) {
        long deadline = System.nanoTime() + patience.toNanos();
        int seen = 0;
        while (true) {
            for (; seen < output.size(); seen++) {
                if (fits.test(output.get(seen))) {
                    return output.get(seen);
                }
            }
            long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (ended || left <= 0) {
                throw new AssertionError((ended ? "ended" : "nothing in " + patience) + "; its output was\n"
                        + String.join("\n", output));
            }
            await(left);
        }
    }

    public long pid() {
        return process.pid();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** SIGKILL; returns when the process is gone. */
    public void kill() {
        process.destroyForcibly();
        process.onExit().join();
    }

    /** SIGTERM; see {@link #awaitExit}. */
    public void terminate() {
        signal("TERM");
    }

    /** SIGSTOP: the process stands still, its connections stay open. */
    public void pause() {
        signal("STOP");
    }

    /** SIGCONT after {@link #pause()}. */
    public void resume() {
        signal("CONT");
    }

    /** The exit status. @throws AssertionError with the output, when the deadline passes first */
    public int awaitExit(Duration patience) {
        try {
            if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError("still running after " + patience + "; its output was\n" + output());
            }
            awaitEndOfOutput();
            return process.exitValue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** All lines so far. */
    public synchronized String output() {
        return String.join("\n", output);
    }

    @Override
    public void close() {
        kill();
    }

    private void signal(String name) {
        try {
            new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                    .start()
                    .waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private void read() {
        try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                add(line);
            }
        } catch (IOException e) {
            add("(output ended: " + e.getMessage() + ")");
        } finally {
            end();
        }
    }

    /** What was written last may still be on its way; a surviving child that holds the pipe is not waited for. */
    private synchronized void awaitEndOfOutput() {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
        long left = 1;
        while (!ended && left > 0) {
            await(left);
            left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        }
    }

    private synchronized void add(String line) {
        output.add(line);
        notifyAll();
    }

    private synchronized void end() {
        ended = true;
        notifyAll();
    }

    private void await(long milliseconds) {
        try {
            wait(milliseconds);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
