package dev.safelight.bench.system;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A Python pipeline of {@code bench/reference} as a process that waits for its turns. */
public final class PythonReference implements AutoCloseable {
    private final Process process;
    private final BufferedReader answers;
    private final BufferedWriter questions;

    private PythonReference(Process process) {
        this.process = process;
        this.answers = process.inputReader();
        this.questions = process.outputWriter();
    }

    /**
     * The denoising loop of {@code pipeline.py}.
     *
     * @param python an interpreter with what {@code models/export/requirements.txt} lists
     * @param options of the script
     */
    public static PythonReference start(Path python, Path root, List<String> options) throws IOException {
        return start(python, root, "pipeline.py", options);
    }

    /**
     * @param python an interpreter with what the script imports
     * @param script in {@code bench/reference}
     */
    public static PythonReference start(Path python, Path root, String script, List<String> options)
            throws IOException {
        if (!Files.isExecutable(python)) {
            throw new IOException("there is no Python " + python
                    + ": python3.11 -m venv .venv && .venv/bin/pip install -r models/export/requirements.txt");
        }
        List<String> command = new ArrayList<>(List.of(python.toString(), "-W", "ignore", "bench/reference/" + script));
        command.addAll(options);
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(root.toFile()).redirectError(ProcessBuilder.Redirect.INHERIT);
        // The launcher chooses how our own threads wait; the reference is to run as it comes.
        builder.environment().remove("OMP_WAIT_POLICY");
        PythonReference reference = new PythonReference(builder.start());
        Runtime.getRuntime().addShutdownHook(new Thread(reference.process::destroyForcibly));
        try {
            reference.answer("ready");
        } catch (IOException e) {
            reference.close();
            throw e;
        }
        return reference;
    }

    /** @return pictures a second, {@code count} at a time */
    public double measure(int count, Duration duration) throws IOException {
        ask("measure " + count + " " + duration.toMillis() / 1000.0);
        return Double.parseDouble(answer());
    }

    /** Seconds from weights on the disk to a first picture, of a script that knows. */
    public double cold() throws IOException {
        ask("cold");
        return Double.parseDouble(answer());
    }

    /** The pixels of one picture, a byte each. */
    public byte[] picture(long seed) throws IOException {
        ask("picture " + seed);
        return HexFormat.of().parseHex(answer());
    }

    private void ask(String question) throws IOException {
        questions.write(question);
        questions.newLine();
        questions.flush();
    }

    private void answer(String expected) throws IOException {
        String answer = answer();
        if (!answer.equals(expected)) {
            throw new IOException("the Python reference said " + answer);
        }
    }

    private String answer() throws IOException {
        String line = answers.readLine();
        if (line == null) {
            throw new IOException("the Python reference ended; see above");
        }
        return line;
    }

    /** Ends it; it stops by itself when nobody can ask any more. */
    @Override
    public void close() {
        try {
            questions.close();
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (IOException e) {
            process.destroyForcibly();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
