package dev.safelight.standalone.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.BundleReader;
import dev.safelight.common.bundle.Manifest;
import dev.safelight.worker.generate.Engine;
import dev.safelight.worker.model.Classifier;
import dev.safelight.worker.model.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The shipped model through the Java engine, judged by its classifier as {@code safelight evaluate} does it. */
class FashionTest {
    private static final boolean LONG = Boolean.getBoolean("safelight.long");
    private static final int EACH = LONG ? 100 : 6;
    private static final double RECOGNISED = 0.9;
    /** Of six pictures each is a whole sixth. */
    private static final double OF_EVERY_CLASS = LONG ? 0.75 : 0.5;

    private static final double RECALL = 0.3;

    private static final Path DATA = Path.of("/usr/share/datasets/fashion-mnist");

    @Test
    void itsPicturesAreRecognisedAndVaried() throws IOException, InterruptedException {
        Bundle bundle = BundleReader.read(Path.of(System.getProperty("safelight.root"), "models", "fashion"));
        boolean dataThere = Files.exists(DATA.resolve("t10k-images-idx3-ubyte.gz"));
        List<String> classes = bundle.manifest().conditioning().classes();
        List<byte[]> heldOut = dataThere
                ? LabelledPictures.read(DATA, "t10k").first(EACH, classes.size())
                : noise(bundle.manifest(), EACH * classes.size());
        try (Engine engine = Engine.open("cpu");
                Classifier classifier = Classifier.load(bundle, Device.select("cpu"))) {
            Evaluation evaluation = new Evaluation(engine.load(bundle), bundle, classifier, heldOut);
            Scores scores =
                    evaluation.run(new RunText("").input(bundle.manifest().defaults(), 0), EACH, done -> {});
            System.out.printf(
                    "fashion, %d pictures a class: recognised %.3f, worst class %.2f, recall %s%n",
                    EACH,
                    scores.accuracy(),
                    Collections.min(scores.accuracyOfClass()),
                    dataThere ? "%.3f".formatted(scores.recall()) : "not measured: the data set is not installed");
            assertThat(scores.accuracy()).isGreaterThanOrEqualTo(RECOGNISED);
            assertThat(scores.accuracyOfClass())
                    .allSatisfy(accuracy -> assertThat(accuracy).isGreaterThanOrEqualTo(OF_EVERY_CLASS));
            if (dataThere) {
                assertThat(scores.recall()).isGreaterThanOrEqualTo(RECALL);
                // The control: one good picture, over and over, would be recognised every time.
                List<byte[]> repeated = Collections.nCopies(heldOut.size(), heldOut.getFirst());
                assertThat(evaluation.of(repeated).recall()).isLessThan(RECALL / 3);
            }
        }
    }

    /** Stands in for real pictures where nothing is asked of them. */
    private static List<byte[]> noise(Manifest manifest, int count) {
        Random random = new Random(1);
        return Stream.generate(() -> {
                    byte[] picture = new byte[manifest.latent().size()];
                    random.nextBytes(picture);
                    return picture;
                })
                .limit(count)
                .toList();
    }
}
