package dev.safelight.bench;

import dev.safelight.bench.measure.MachineFacts;
import dev.safelight.bench.measure.Spread;
import dev.safelight.bench.measure.Table;
import dev.safelight.bench.system.PythonReference;
import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.BundleReader;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.Priority;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.embedded.Folders;
import dev.safelight.worker.batch.Ticket;
import dev.safelight.worker.decode.Picture;
import dev.safelight.worker.generate.Engine;
import dev.safelight.worker.generate.Generation;
import dev.safelight.worker.generate.Model;
import dev.safelight.worker.generate.Outcome;
import dev.safelight.worker.generate.Progress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Prompts to pictures, beside the whole Python pipeline with the same weights. */
@Command(
        name = "text-to-image",
        description =
                "Images a second of a small Stable Diffusion with random weights, beside the pipeline of the Python"
                        + " package diffusers that it was imported from.",
        mixinStandardHelpOptions = true)
final class TextToImageBench implements Callable<Integer> {
    private static final int PICTURES = 4;

    @Option(
            names = "--python",
            description = "interpreter with what models/export/import-requirements.txt lists (default:"
                    + " .safelight/import/bin/python, which ./safelight import makes)")
    private Path python;

    @Option(names = "--rounds", defaultValue = "3", description = "(default ${DEFAULT-VALUE})")
    private int rounds;

    @Option(names = "--seconds", defaultValue = "8", description = "of each side of a round (default ${DEFAULT-VALUE})")
    private int seconds;

    @Option(
            names = "--batches",
            split = ",",
            defaultValue = "1,4",
            description = "images of unlike prompts at a time (default ${DEFAULT-VALUE})")
    private List<Integer> batches;

    @Option(names = "--steps", defaultValue = "10", description = "of each image (default ${DEFAULT-VALUE})")
    private int steps;

    @Option(names = "--guidance", defaultValue = "5", description = "both branches run (default ${DEFAULT-VALUE})")
    private double guidance;

    @Option(names = "--threads", description = "of each side's networks (default: one a core)")
    private int threads = Runtime.getRuntime().availableProcessors();

    private final AtomicLong fresh = new AtomicLong(1_000_000);
    private final Table table = new Table("images at a time", "prompts", "ours, images/s", "theirs, images/s", "ratio");

    @Override
    public Integer call() throws Exception {
        String machine = MachineFacts.line();
        Path root = Path.of(System.getProperty("safelight.root", "")).toAbsolutePath();
        Path interpreter = python == null ? root.resolve(".safelight/import/bin/python") : python.toAbsolutePath();
        // Read when PyTorch starts.
        System.setProperty("ai.djl.pytorch.num_threads", String.valueOf(threads));
        Path scratch = Files.createTempDirectory("safelight-text-bench");
        Path folder = scratch.resolve("text-bench");
        String cold;
        String pictures;
        try (PythonReference reference = PythonReference.start(interpreter, root, "text_to_image.py", options(folder));
                Engine engine = Engine.open("cpu")) {
            Bundle bundle = BundleReader.read(folder);
            double theirs = reference.cold();
            long begun = System.nanoTime();
            Model model = engine.load(bundle);
            long loaded = System.nanoTime();
            picture(model, input(0));
            cold = "%.1f s, of which warming %.1f s; theirs %.1f s"
                    .formatted((System.nanoTime() - begun) / 1e9, (loaded - begun) / 1e9, theirs);
            pictures = compared(model, reference);
            for (int batch : batches) {
                compare(model, reference, batch);
            }
        } finally {
            Folders.delete(scratch);
        }
        System.out.printf(
                "%n`./safelight bench text-to-image`: ddim, %d steps, guidance %s, %d threads a side. %s.%n%n%s%n"
                        + "The same pictures: %s. From weights on the disk to a first picture: %s.%n",
                steps, guidance, threads, machine, table, pictures, cold);
        return 0;
    }

    private List<String> options(Path bundle) {
        return List.of(
                "--bundle",
                bundle.toString(),
                "--steps",
                String.valueOf(steps),
                "--guidance",
                String.valueOf(guidance),
                "--threads",
                String.valueOf(threads));
    }

    /** The same seeds give the same pictures, or the two sides do not do the same work. */
    private String compared(Model model, PythonReference reference) throws Exception {
        int largest = 0;
        for (int seed = 0; seed < PICTURES; seed++) {
            byte[] ours = picture(model, input(seed)).pixels();
            byte[] theirs = reference.picture(seed);
            for (int i = 0; i < ours.length; i++) {
                largest = Math.max(largest, Math.abs((ours[i] & 0xff) - (theirs[i] & 0xff)));
            }
        }
        return "no pixel of %d is off by more than %d of 255".formatted(PICTURES, largest);
    }

    /** In turns: ours, with prompts that were read before and with new ones, before and after each of theirs. */
    private void compare(Model model, PythonReference reference, int batch) throws Exception {
        Duration turn = Duration.ofSeconds(seconds);
        ours(model, batch, turn.dividedBy(2), false);
        reference.measure(batch, turn.dividedBy(2));
        List<Double> known = new ArrayList<>();
        List<Double> unknown = new ArrayList<>();
        List<Double> their = new ArrayList<>();
        List<Double> ratios = new ArrayList<>();
        List<Double> unknownRatios = new ArrayList<>();
        for (int round = 0; round < rounds; round++) {
            double before = ours(model, batch, turn.dividedBy(2), true);
            double theirs = reference.measure(batch, turn);
            double both = (before + ours(model, batch, turn.dividedBy(2), true)) / 2;
            double anew = ours(model, batch, turn.dividedBy(2), false);
            known.add(both);
            unknown.add(anew);
            their.add(theirs);
            ratios.add(both / theirs);
            unknownRatios.add(anew / theirs);
        }
        String theirs = Spread.of(their).text(2);
        table.row(
                batch,
                "read before",
                Spread.of(known).text(2),
                theirs,
                Spread.of(ratios).text(2));
        table.row(
                batch,
                "new",
                Spread.of(unknown).text(2),
                theirs,
                Spread.of(unknownRatios).text(2));
    }

    /** Images a second of jobs of one image, so many at a time. */
    private double ours(Model model, int batch, Duration duration, boolean known) throws Exception {
        long start = System.nanoTime();
        int images = 0;
        try (ExecutorService jobs = Executors.newVirtualThreadPerTaskExecutor()) {
            while (System.nanoTime() - start < duration.toNanos()) {
                List<Callable<Picture>> together = LongStream.range(0, batch)
                        .map(number -> known ? number : fresh.incrementAndGet())
                        .<Callable<Picture>>mapToObj(seed -> () -> picture(model, input(seed)))
                        .toList();
                for (Future<Picture> made : jobs.invokeAll(together)) {
                    made.get();
                    images++;
                }
            }
        }
        return images / ((System.nanoTime() - start) / 1e9);
    }

    private GenerationInput input(long seed) {
        return new GenerationInput(
                null,
                "ddim",
                steps,
                guidance,
                seed,
                1,
                "leading",
                false,
                Map.of("prompt", "a red fox number " + seed, "noise", "torch"));
    }

    private static Picture picture(Model model, GenerationInput input) throws InterruptedException {
        Ticket ticket = new Ticket(new JobKey("bench", UUID.randomUUID()), Priority.NORMAL, 0, false);
        return switch (new Generation(model, input).run(ticket, Progress.Listener.NONE)) {
            case Outcome.Pictures done -> done.pictures().getFirst();
            case Outcome other -> throw new IllegalStateException("the job ended as " + other);
        };
    }
}
