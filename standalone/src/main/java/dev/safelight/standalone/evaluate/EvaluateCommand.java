package dev.safelight.standalone.evaluate;

import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.BundleException;
import dev.safelight.common.bundle.BundleReader;
import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.standalone.CannotStart;
import dev.safelight.worker.generate.Engine;
import dev.safelight.worker.model.Classifier;
import dev.safelight.worker.model.Device;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.function.IntConsumer;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code safelight evaluate}: how good a bundle's pictures are, by a classifier that was trained apart. */
@Command(
        name = "evaluate",
        description = {
            "Generate pictures with a bundle and let a separately trained classifier judge them.",
            "",
            "Each --run is a way of sampling and becomes a line of the table, with its mean over the seeds and the 95 %%"
                    + " interval; the second table says how far the later runs differ from the first, seed by seed.",
            "With --scores, what is done is kept, and the same command goes on where it was stopped.",
            ""
        })
public final class EvaluateCommand implements Callable<Integer> {
    /** Seeds lie so far apart that no picture is made twice. */
    private static final long SEED_STRIDE = 1_000_000;

    private static final int FEW_STEPS = 25;
    private static final int MANY_STEPS = 250;
    private static final int HELD_OUT = 100;

    @Parameters(paramLabel = "BUNDLE", description = "Folder of the bundle, for example models/fashion.")
    private Path folder;

    @Option(
            names = "--run",
            paramLabel = "NAME=VALUE,...",
            description =
                    "A way of sampling, by fields of a request's input: sampler=ddim,steps=10,guidance=1. What is left"
                            + " out is the bundle's default. Repeat it to compare.")
    private List<String> runs = new ArrayList<>();

    @Option(
            names = "--judge",
            paramLabel = "BUNDLE",
            description = "Folder of the bundle whose classifier judges (default: the bundle itself).")
    private Path judgeFolder;

    @Option(
            names = "--data",
            defaultValue = "/usr/share/datasets/fashion-mnist",
            description = "Folder with the published t10k files of the data set (default: ${DEFAULT-VALUE}).")
    private Path data;

    @Option(
            names = "--each",
            description = "Pictures of every class (default: 100 up to 25 steps, 26 up to 250, else 7).")
    private Integer each;

    @Option(
            names = "--seeds",
            defaultValue = "3",
            description = "Repetitions of every run (default: ${DEFAULT-VALUE}).")
    private int seeds;

    @Option(
            names = "--seed",
            defaultValue = "0",
            description = "Seed of the first picture (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(
            names = "--restore",
            description =
                    "Let every picture begin with a real one that is not held against it, degraded or noised as far as"
                            + " the run's strength says, and tell also how far from it they end: root mean square, in grey levels"
                            + " of 0 to 255.")
    private boolean restore;

    @Option(names = "--scores", paramLabel = "FILE", description = "File of JSON lines that keeps every score.")
    private Path scoreFile;

    @Option(names = "--device", defaultValue = "auto", description = "cpu, cuda or auto (default: ${DEFAULT-VALUE}).")
    private String device;

    @Spec
    private CommandSpec spec;

    /** A run and its scores, seed by seed. */
    private record Line(String text, int steps, List<Scores> scores) {
        Interval of(ToDoubleFunction<Scores> measure) {
            return Interval.of(scores.stream().map(measure::applyAsDouble).toList());
        }

        Interval less(Line other, ToDoubleFunction<Scores> measure) {
            return Interval.of(IntStream.range(0, scores.size())
                    .mapToObj(i -> measure.applyAsDouble(scores.get(i)) - measure.applyAsDouble(other.scores.get(i)))
                    .toList());
        }

        boolean hasFrechet() {
            return scores.stream().allMatch(one -> one.frechet() != null);
        }
    }

    @Override
    public Integer call() throws CannotStart, InterruptedException {
        try {
            return evaluate();
        } catch (IOException e) {
            throw new CannotStart("cannot read the data set in " + data + ", or the scores: " + e, e);
        } catch (BundleException | UncheckedIOException | Device.DeviceUnavailable | IllegalArgumentException e) {
            throw new CannotStart(String.valueOf(e.getMessage()).replaceAll("\\R+", "; "), e);
        }
    }

    private int evaluate() throws IOException, InterruptedException {
        Bundle bundle = BundleReader.read(folder);
        Bundle judge = judgeFolder == null ? bundle : BundleReader.read(judgeFolder);
        Manifest.Defaults defaults = bundle.manifest().defaults();
        List<RunText> wanted =
                (runs.isEmpty() ? List.of("") : runs).stream().map(RunText::new).toList();
        for (RunText run : wanted) {
            run.input(defaults, seed);
        }
        List<String> classes = judge.manifest().conditioning().classes();
        if (classes == null || classes.isEmpty()) {
            throw new IllegalArgumentException("bundle " + judge.name() + " has no classes that could be recognised");
        }
        LabelledPictures test = LabelledPictures.read(data, "t10k");
        List<byte[]> heldOut = test.first(HELD_OUT, classes.size());
        ScoreFile known = new ScoreFile(Optional.ofNullable(scoreFile));
        PrintWriter out = spec.commandLine().getOut();
        try (Engine engine = Engine.open(device);
                Classifier classifier = Classifier.load(judge, Device.select(device))) {
            Evaluation evaluation = new Evaluation(engine.load(bundle), judge, classifier, heldOut);
            List<Line> lines = new ArrayList<>();
            for (RunText run : wanted) {
                lines.add(line(run, bundle, judge, evaluation, known, test));
            }
            head(bundle, out);
            row("other real pictures", List.of(evaluation.of(test.last(HELD_OUT, classes.size()))), out);
            row("noise", List.of(evaluation.of(noise(heldOut))), out);
            lines.forEach(line -> row(line.text(), line.scores(), out));
            classes(lines, bundle, out);
            differences(lines, out);
            out.flush();
        }
        return 0;
    }

    private Line line(
            RunText run, Bundle bundle, Bundle judge, Evaluation evaluation, ScoreFile known, LabelledPictures test)
            throws IOException, InterruptedException {
        List<Scores> scores = new ArrayList<>();
        GenerationInput first = run.input(bundle.manifest().defaults(), seed);
        int count = each != null ? each : usualCount(first.steps());
        String name = run.text().isBlank() ? "defaults" : run.text();
        for (int i = 0; i < seeds; i++) {
            GenerationInput input = run.input(bundle.manifest().defaults(), seed + i * SEED_STRIDE);
            GenerationInput question = restore ? input.with("image", "real pictures " + i) : input;
            Optional<Scores> before = known.find(bundle.version(), judge.version(), count, question);
            if (before.isEmpty()) {
                int repetition = i + 1;
                IntConsumer progress =
                        done -> System.err.printf("%s, seed %d of %d: %d pictures%n", name, repetition, seeds, done);
                int classes = judge.manifest().conditioning().classes().size();
                Scores made = restore
                        ? evaluation.restore(input, test.part(i, count, HELD_OUT, classes), progress)
                        : evaluation.run(input, count, progress);
                known.add(new ScoreFile.Entry(
                        bundle.name(), bundle.version(), judge.version(), count, question, made, Instant.now()));
                before = Optional.of(made);
            }
            scores.add(before.get());
        }
        return new Line(name, first.steps(), scores);
    }

    private static int usualCount(int steps) {
        return steps <= FEW_STEPS ? 100 : steps <= MANY_STEPS ? 26 : 7;
    }

    /** As many pictures of nothing but random bytes. */
    private static List<byte[]> noise(List<byte[]> like) {
        Random random = new Random(1);
        return Stream.generate(() -> {
                    byte[] picture = new byte[like.getFirst().length];
                    random.nextBytes(picture);
                    return picture;
                })
                .limit(like.size())
                .toList();
    }

    private void head(Bundle bundle, PrintWriter out) {
        out.printf("%s, %d seed%s, mean ± half of the 95 %% interval%n%n", bundle.name(), seeds, seeds == 1 ? "" : "s");
        String more = restore ? " off the original |" : "";
        out.println(
                "| run | pictures | recognised | class entropy | recall | precision | Fréchet | pictures/s |" + more);
        out.println("|---|---|---|---|---|---|---|---|" + (restore ? "---|" : ""));
    }

    private void row(String name, List<Scores> scores, PrintWriter out) {
        Line line = new Line(name, 0, scores);
        boolean asked = !scores.getFirst().accuracyOfClass().isEmpty();
        out.printf(
                Locale.ROOT,
                "| %s | %d | %s | %s | %s | %s | %s | %s |%s%n",
                name,
                scores.getFirst().pictures(),
                asked ? line.of(Scores::accuracy).text(3) : "",
                line.of(Scores::entropy).text(2),
                line.of(Scores::recall).text(3),
                line.of(Scores::precision).text(3),
                line.hasFrechet() ? line.of(Scores::frechet).text(2) : "",
                scores.getFirst().seconds() == 0
                        ? ""
                        : line.of(Scores::picturesPerSecond).text(1),
                restore ? " " + deviation(line) + " |" : "");
    }

    private static String deviation(Line line) {
        boolean known = line.scores().stream().allMatch(one -> one.deviation() != null);
        return known ? line.of(Scores::deviation).text(2) : "";
    }

    private static void classes(List<Line> lines, Bundle bundle, PrintWriter out) {
        List<String> names = bundle.manifest().conditioning().classes();
        if (names == null
                || lines.getFirst().scores().getFirst().accuracyOfClass().isEmpty()) {
            return;
        }
        out.printf(
                "%n| recognised | %s | worst |%n|---|%s---|%n", String.join(" | ", names), "---|".repeat(names.size()));
        for (Line line : lines) {
            List<Double> shares = IntStream.range(0, names.size())
                    .mapToObj(label ->
                            line.of(one -> one.accuracyOfClass().get(label)).mean())
                    .toList();
            out.printf(
                    "| %s | %s | %s |%n",
                    line.text(),
                    String.join(
                            " | ",
                            shares.stream()
                                    .map(share -> String.format(Locale.ROOT, "%.2f", share))
                                    .toList()),
                    names.get(shares.indexOf(Collections.min(shares))));
        }
    }

    private void differences(List<Line> lines, PrintWriter out) {
        if (lines.size() < 2) {
            return;
        }
        Line base = lines.getFirst();
        out.printf(
                "%n| less %s | recognised | recall | precision | Fréchet |%s%n|---|---|---|---|---|%s%n",
                base.text(), restore ? " off the original |" : "", restore ? "---|" : "");
        for (Line line : lines.subList(1, lines.size())) {
            out.printf(
                    "| %s | %s | %s | %s | %s |%s%n",
                    line.text(),
                    difference(line.less(base, Scores::accuracy), 3),
                    difference(line.less(base, Scores::recall), 3),
                    difference(line.less(base, Scores::precision), 3),
                    line.hasFrechet() && base.hasFrechet() ? difference(line.less(base, Scores::frechet), 2) : "",
                    restore ? " " + difference(line.less(base, Scores::deviation), 2) + " |" : "");
        }
    }

    /** Beyond its interval a difference is set in bold. */
    private static String difference(Interval difference, int digits) {
        if (Double.isNaN(difference.mean())) {
            return "";
        }
        String text = difference.text(digits);
        return difference.excludesZero() ? "**" + text + "**" : text;
    }
}
