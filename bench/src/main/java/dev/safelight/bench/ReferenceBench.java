package dev.safelight.bench;

import dev.safelight.bench.measure.MachineFacts;
import dev.safelight.bench.measure.Spread;
import dev.safelight.bench.measure.Table;
import dev.safelight.bench.system.PythonReference;
import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.BundleLibrary;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.Priority;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.worker.batch.Ticket;
import dev.safelight.worker.decode.Picture;
import dev.safelight.worker.generate.Engine;
import dev.safelight.worker.generate.Generation;
import dev.safelight.worker.generate.Model;
import dev.safelight.worker.generate.Outcome;
import dev.safelight.worker.generate.Progress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Our engine beside the Python pipeline that most people run, with the same weights. */
@Command(
        name = "reference",
        description = "Images a second beside the Python package diffusers with eager PyTorch, same weights and steps.",
        mixinStandardHelpOptions = true)
final class ReferenceBench implements Callable<Integer> {
    private static final String LABEL = "sneaker";
    private static final int PICTURES = 8;
    private static final List<String> NETWORKS = List.of("eager", "torchscript");

    @Option(
            names = "--python",
            description = "interpreter with what models/export/requirements.txt lists (default: .venv/bin/python)")
    private Path python;

    @Option(names = "--rounds", defaultValue = "3", description = "(default ${DEFAULT-VALUE})")
    private int rounds;

    @Option(names = "--seconds", defaultValue = "5", description = "of each side of a round (default ${DEFAULT-VALUE})")
    private int seconds;

    @Option(
            names = "--batches",
            split = ",",
            defaultValue = "1,8",
            description = "images at a time (default ${DEFAULT-VALUE})")
    private List<Integer> batches;

    @Option(names = "--sampler", defaultValue = "dpmpp-2m", description = "or ddim (default ${DEFAULT-VALUE})")
    private String sampler;

    @Option(names = "--steps", defaultValue = "25", description = "of each image (default ${DEFAULT-VALUE})")
    private int steps;

    @Option(names = "--guidance", defaultValue = "2", description = "both branches run (default ${DEFAULT-VALUE})")
    private double guidance;

    @Option(names = "--threads", description = "of each side's network (default: one a core)")
    private int threads = Runtime.getRuntime().availableProcessors();

    private final Table pictures = new Table("against", "pictures", "pixels that differ", "by at most, of 255");
    private final Table table = new Table("images at a time", "against", "ours, images/s", "theirs, images/s", "ratio");

    @Override
    public Integer call() throws Exception {
        String machine = MachineFacts.line();
        Path root = Path.of(System.getProperty("safelight.root", "")).toAbsolutePath();
        Path interpreter = python == null ? root.resolve(".venv/bin/python") : python.toAbsolutePath();
        // Read when PyTorch starts.
        System.setProperty("ai.djl.pytorch.num_threads", String.valueOf(threads));
        Bundle bundle = BundleLibrary.open(root.resolve("models")).all().stream()
                .filter(candidate -> candidate.name().equals("fashion"))
                .findFirst()
                .orElseThrow();
        List<PythonReference> references = new ArrayList<>();
        try (Engine engine = Engine.open("cpu")) {
            for (String network : NETWORKS) {
                references.add(PythonReference.start(interpreter, root, options(bundle, network)));
            }
            Model model = engine.load(bundle);
            for (int network = 0; network < references.size(); network++) {
                comparePictures(model, NETWORKS.get(network), references.get(network));
            }
            for (int batch : batches) {
                compare(model, references, batch);
            }
        } finally {
            references.forEach(PythonReference::close);
        }
        System.out.printf(
                "%n`./safelight bench reference`: %s, %d steps, guidance %s, %d threads a side. %s.%n%n%s%n%s%n",
                sampler, steps, guidance, threads, machine, table, pictures);
        return 0;
    }

    private List<String> options(Bundle bundle, String network) {
        return List.of(
                "--bundle",
                bundle.folder().toString(),
                "--network",
                network,
                "--sampler",
                sampler,
                "--steps",
                String.valueOf(steps),
                "--guidance",
                String.valueOf(guidance),
                "--label",
                LABEL,
                "--threads",
                String.valueOf(threads));
    }

    /** The same seeds give the same pictures, or the two sides do not do the same work. */
    private void comparePictures(Model model, String network, PythonReference reference) throws Exception {
        int pixels = 0;
        int different = 0;
        int largest = 0;
        for (int seed = 0; seed < PICTURES; seed++) {
            byte[] ours = pictures(model, input(1, seed).with("noise", "torch"))
                    .getFirst()
                    .pixels();
            byte[] theirs = reference.picture(seed);
            for (int i = 0; i < ours.length; i++) {
                int difference = Math.abs((ours[i] & 0xff) - (theirs[i] & 0xff));
                different += difference == 0 ? 0 : 1;
                largest = Math.max(largest, difference);
            }
            pixels += ours.length;
        }
        pictures.row(network, PICTURES, different + " of " + pixels, largest);
    }

    /** In turns: ours before and after each of theirs. */
    private void compare(Model model, List<PythonReference> references, int batch) throws Exception {
        Duration turn = Duration.ofSeconds(seconds);
        ours(model, batch, turn);
        for (PythonReference reference : references) {
            reference.measure(batch, turn);
        }
        for (int network = 0; network < references.size(); network++) {
            List<Double> our = new ArrayList<>();
            List<Double> their = new ArrayList<>();
            List<Double> ratios = new ArrayList<>();
            for (int round = 0; round < rounds; round++) {
                double before = ours(model, batch, turn.dividedBy(2));
                double theirs = references.get(network).measure(batch, turn);
                double both = (before + ours(model, batch, turn.dividedBy(2))) / 2;
                our.add(both);
                their.add(theirs);
                ratios.add(both / theirs);
            }
            table.row(
                    batch,
                    NETWORKS.get(network),
                    Spread.of(our).text(2),
                    Spread.of(their).text(2),
                    Spread.of(ratios).text(2));
        }
    }

    /** Images a second, from input to pixels as the reference does it. */
    private double ours(Model model, int batch, Duration duration) throws InterruptedException {
        long start = System.nanoTime();
        int images = 0;
        while (System.nanoTime() - start < duration.toNanos()) {
            images += pictures(model, input(batch, images)).size();
        }
        return images / ((System.nanoTime() - start) / 1e9);
    }

    private GenerationInput input(int count, long seed) {
        return new GenerationInput(LABEL, sampler, steps, guidance, seed, count, 0, "trailing", false);
    }

    private List<Picture> pictures(Model model, GenerationInput input) throws InterruptedException {
        Ticket ticket = new Ticket(new JobKey("bench", UUID.randomUUID()), Priority.NORMAL, 0, false);
        return switch (new Generation(model, input).run(ticket, Progress.Listener.NONE)) {
            case Outcome.Pictures done -> done.pictures();
            case Outcome other -> throw new IllegalStateException("the job ended as " + other);
        };
    }
}
