package dev.safelight.standalone.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.BundleReader;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.worker.generate.Engine;
import dev.safelight.worker.model.Classifier;
import dev.safelight.worker.model.Device;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** {@code safelight evaluate --restore}: pictures that begin with real ones, through the shipped cold restorer. */
class RestorationTest {
    private static final int CLASSES = 10;

    @Test
    void thePicturesComeBackTheCloserTheLessWasTakenAway() throws InterruptedException {
        Path models = Path.of(System.getProperty("safelight.root"), "models");
        Bundle cold = BundleReader.read(models.resolve("cold-blur"));
        Bundle judge = BundleReader.read(models.resolve("fashion"));
        List<byte[]> originals =
                IntStream.range(0, CLASSES).mapToObj(RestorationTest::square).toList();
        try (Engine engine = Engine.open("cpu");
                Classifier classifier = Classifier.load(judge, Device.select("cpu"))) {
            Evaluation evaluation = new Evaluation(engine.load(cold), judge, classifier, originals);
            assertThat(evaluation.of(originals).deviation()).isNull();
            assertThat(restored(evaluation, cold, "strength=0", originals)).isCloseTo(0, within(1e-9));
            double slightly = restored(evaluation, cold, "strength=0.1", originals);
            double wholly = restored(evaluation, cold, "strength=1", originals);
            assertThat(slightly).isPositive().isLessThan(wholly / 2);
        }
    }

    private static double restored(Evaluation evaluation, Bundle bundle, String run, List<byte[]> originals)
            throws InterruptedException {
        GenerationInput input = new RunText(run).input(bundle.manifest().defaults(), 1);
        return evaluation.restore(input, originals, done -> {}).deviation();
    }

    /** A bright square, for every class in another place. */
    private static byte[] square(int label) {
        byte[] picture = new byte[28 * 28];
        for (int row = 2 + label; row < 12 + label; row++) {
            for (int column = 4 + label; column < 16 + label; column++) {
                picture[28 * row + column] = (byte) 200;
            }
        }
        return picture;
    }
}
