package dev.safelight.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.bench.measure.MachineFacts;
import dev.safelight.bench.measure.Table;
import dev.safelight.bench.system.ProcessFigures;
import dev.safelight.common.bundle.BundleReader;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.Priority;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.wire.Json;
import dev.safelight.worker.batch.Ticket;
import dev.safelight.worker.generate.Engine;
import dev.safelight.worker.generate.Generation;
import dev.safelight.worker.generate.Model;
import dev.safelight.worker.generate.Outcome;
import dev.safelight.worker.generate.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What a checkpoint of the size that people have takes, from its import to a picture, and whether the picture is right. */
@Command(
        name = "full-size",
        description =
                "Imports Stable Diffusion 1.5 at its published size with random weights, draws with it, and compares"
                        + " memory and picture with those of the Python package diffusers. Takes 12 GB of memory and 9 GB of disk.",
        mixinStandardHelpOptions = true)
final class FullSizeBench implements Callable<Integer> {
    private static final double GIGABYTE = 1e9;

    @Option(
            names = "--folder",
            required = true,
            description = "for checkpoint, bundle and the expected picture; what is there already is used")
    private Path folder;

    @Option(
            names = "--python",
            description = "interpreter with what models/export/import-requirements.txt lists (default:"
                    + " .safelight/import/bin/python, which ./safelight import makes)")
    private Path python;

    @Option(names = "--threads", description = "of each side's networks (default: one a core)")
    private int threads = Runtime.getRuntime().availableProcessors();

    private final Path root = Path.of(System.getProperty("safelight.root", "")).toAbsolutePath();
    private final Table table = new Table("process", "seconds", "most memory, GB");

    @Override
    public Integer call() throws Exception {
        String machine = MachineFacts.line();
        folder = Files.createDirectories(folder.toAbsolutePath());
        // Read when PyTorch starts.
        System.setProperty("ai.djl.pytorch.num_threads", String.valueOf(threads));
        prepare("checkpoint", "checkpoint/model_index.json", "making the checkpoint");
        prepare("bundle", "models/full-size/model.json", "importing it");
        prepare("picture", "expected.json", "two steps of diffusers");
        JsonNode expected = Json.MAPPER.readTree(folder.resolve("expected.json").toFile());
        String compared;
        try (Engine engine = Engine.open("cpu")) {
            long begun = System.nanoTime();
            Model model = engine.load(BundleReader.read(folder.resolve("models/full-size")));
            row("loading the bundle and warming it", begun, peak());
            begun = System.nanoTime();
            Drawn drawn = draw(model, expected.get("request"));
            row("the same process, two steps", begun, peak());
            compared = compare(drawn, expected);
        }
        System.out.printf(
                "%n`./safelight bench full-size`: %d threads. %s.%n%n%s%n%s%n", threads, machine, table, compared);
        return 0;
    }

    /** A part of {@code full_size.py}, unless an earlier run has done it: a process of its own, which tells its peak. */
    private void prepare(String part, String made, String name) throws IOException, InterruptedException {
        if (Files.exists(folder.resolve(made))) {
            return;
        }
        Path interpreter = python == null ? root.resolve(".safelight/import/bin/python") : python.toAbsolutePath();
        long begun = System.nanoTime();
        Process process = new ProcessBuilder(
                        interpreter.toString(),
                        "-W",
                        "ignore",
                        "bench/reference/full_size.py",
                        part,
                        "--folder",
                        folder.toString(),
                        "--threads",
                        String.valueOf(threads))
                .directory(root.toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        List<String> said = process.inputReader().readAllLines();
        if (process.waitFor() != 0) {
            throw new IOException(part + " ended with " + process.exitValue() + "; see above");
        }
        row(name, begun, Long.parseLong(said.getLast()));
    }

    private void row(String name, long begun, long peak) {
        table.row(name, (System.nanoTime() - begun) / 1e9, peak / GIGABYTE);
    }

    private static long peak() {
        return new ProcessFigures(ProcessHandle.current().pid()).residentPeak();
    }

    private record Drawn(float[] latent, byte[] pixels) {}

    private static Drawn draw(Model model, JsonNode request) throws InterruptedException {
        var defaults = model.bundle().manifest().defaults();
        GenerationInput input = new GenerationInput(
                null,
                defaults.sampler(),
                request.get("steps").intValue(),
                request.get("guidance").doubleValue(),
                request.get("seed").longValue(),
                1,
                defaults.spacing(),
                false,
                Map.of(
                        "prompt", request.get("prompt").textValue(),
                        "negative_prompt", request.get("negative_prompt").textValue(),
                        "noise", "torch"));
        Ticket ticket = new Ticket(new JobKey("bench", UUID.randomUUID()), Priority.NORMAL, 0, false);
        AtomicReference<Progress> progress = new AtomicReference<>();
        Outcome outcome = new Generation(model, input).run(ticket, new Progress.Listener() {
            @Override
            public void begun(Progress now) {
                progress.set(now);
            }

            @Override
            public void stepped(Progress now) {}
        });
        return switch (outcome) {
            case Outcome.Pictures done ->
                new Drawn(
                        progress.get().checkpoint().places().getFirst().finished(),
                        done.pictures().getFirst().pixels());
            case Outcome other -> throw new IllegalStateException("the job ended as " + other);
        };
    }

    private static String compare(Drawn drawn, JsonNode expected) {
        float[] latent = Json.MAPPER.convertValue(expected.get("latents"), float[].class);
        int[] pixels = Json.MAPPER.convertValue(expected.get("pixels"), int[].class);
        if (latent.length != drawn.latent().length || pixels.length != drawn.pixels().length) {
            throw new IllegalStateException("the two pictures are not of one size");
        }
        double apart = 0;
        double whole = 0;
        for (int i = 0; i < latent.length; i++) {
            apart += Math.pow(drawn.latent()[i] - latent[i], 2);
            whole += Math.pow(latent[i], 2);
        }
        int largest = 0;
        for (int i = 0; i < pixels.length; i++) {
            largest = Math.max(largest, Math.abs(Byte.toUnsignedInt(drawn.pixels()[i]) - pixels[i]));
        }
        return "Final latents differ from those of diffusers by %.1e of their norm, no brightness by more than %d of 255."
                .formatted(Math.sqrt(apart / whole), largest);
    }
}
