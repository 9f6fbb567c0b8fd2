package dev.safelight.standalone.evaluate;

import java.util.List;

/**
 * What the judge makes of one set of pictures.
 *
 * @param pictures how many there are
 * @param accuracyOfClass share of each class's pictures that are recognised, in class order; empty where none was asked for
 * @param entropy of the classes that the judge sees, in nats: ln of their number when all come equally often, 0 when one
 *     comes alone
 * @param recall share of the real pictures' features that lie in the manifold of these
 * @param precision share of these pictures' features that lie in the manifold of the real ones
 * @param frechet Fréchet distance of the features to those of the real pictures; absent where there are too few
 * @param deviation root mean square of what differs from the real pictures that these began with, in grey levels of 0 to 255;
 *     absent where they began with none
 * @param seconds that making them took; 0 when nobody made them
 */
public record Scores(
        int pictures,
        List<Double> accuracyOfClass,
        double entropy,
        double recall,
        double precision,
        Double frechet,
        Double deviation,
        double seconds) {

    /** Classes have equally many pictures; NaN where no class was asked for. */
    public double accuracy() {
        return accuracyOfClass.stream()
                .mapToDouble(Double::doubleValue)
                .average()
                .orElse(Double.NaN);
    }

    public double picturesPerSecond() {
        return seconds == 0 ? 0 : pictures / seconds;
    }
}
