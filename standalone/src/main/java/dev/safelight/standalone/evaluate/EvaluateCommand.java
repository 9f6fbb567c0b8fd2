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
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code safelight evaluate}: how good a bundle's pictures are, by a classifier that was trained apart. */
@Command(
        name = "evaluate",
        description = "Generate pictures with a bundle and let its separately trained classifier judge them.")
public final class EvaluateCommand implements Callable<Integer> {
    @Parameters(paramLabel = "BUNDLE", description = "folder of the bundle, for example models/fashion")
    private Path folder;

    @Option(
            names = "--data",
            defaultValue = "/usr/share/datasets/fashion-mnist",
            description = "folder with the published t10k files of the data set (default: ${DEFAULT-VALUE})")
    private Path data;

    @Option(names = "--each", defaultValue = "100", description = "pictures of every class (default: ${DEFAULT-VALUE})")
    private int each;

    @Option(names = "--sampler", description = "sampler (default: the bundle's)")
    private String sampler;

    @Option(names = "--steps", description = "steps (default: the bundle's)")
    private Integer steps;

    @Option(names = "--guidance", description = "guidance weight (default: the bundle's)")
    private Double guidance;

    @Option(names = "--seed", defaultValue = "0", description = "seed of the first picture (default: ${DEFAULT-VALUE})")
    private long seed;

    @Option(names = "--device", defaultValue = "auto", description = "cpu, cuda or auto (default: ${DEFAULT-VALUE})")
    private String device;

    @Override
    public Integer call() throws CannotStart, InterruptedException {
        try {
            return evaluate();
        } catch (IOException e) {
            throw new CannotStart("cannot read the data set in " + data + ": " + e, e);
        } catch (BundleException | Device.DeviceUnavailable | IllegalArgumentException e) {
            throw new CannotStart(String.valueOf(e.getMessage()).replaceAll("\\R+", "; "), e);
        }
    }

    private int evaluate() throws IOException, InterruptedException {
        PrintStream out = System.out;
        Bundle bundle = BundleReader.read(folder);
        Manifest.Defaults defaults = bundle.manifest().defaults();
        List<String> classes = bundle.manifest().conditioning().classes();
        List<byte[]> heldOut = LabelledPictures.read(data, "t10k").first(each, classes.size());
        GenerationInput settings = new GenerationInput(
                null,
                sampler == null ? defaults.sampler() : sampler,
                steps == null ? defaults.steps() : steps,
                guidance == null ? defaults.guidance() : guidance,
                seed,
                1,
                defaults.eta(),
                defaults.spacing(),
                false);
        try (Engine engine = Engine.open(device);
                Classifier classifier = Classifier.load(bundle, Device.select(device))) {
            Evaluation evaluation = new Evaluation(bundle, engine.load(bundle), classifier);
            int all = each * classes.size();
            Evaluation.Scores scores = evaluation.run(
                    settings, each, heldOut, done -> System.err.printf("%d of %d pictures%n", done, all));
            out.printf(
                    "%s, %s, %d steps, guidance %.2f, %d pictures%n",
                    bundle.name(), settings.sampler(), settings.steps(), settings.guidance(), all);
            for (int i = 0; i < classes.size(); i++) {
                out.printf(
                        "  %-12s %5.1f %%%n",
                        classes.get(i), 100 * scores.accuracyOfClass().get(i));
            }
            out.printf(
                    "recognised %.1f %%, recall %.3f, precision %.3f%n",
                    100 * scores.accuracy(), scores.recall(), scores.precision());
        }
        return 0;
    }
}
