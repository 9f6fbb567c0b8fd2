package dev.safelight.worker.generate;

import dev.safelight.common.bundle.Manifest;
import dev.safelight.worker.decode.Picture;
import dev.safelight.worker.encode.Fitting;
import java.util.List;

/**
 * The images that a client brought along, as large as they came.
 *
 * @param image or null
 * @param mask bright where something is to be drawn; or null
 */
public record Originals(Picture image, Picture mask) implements Fitted.Source {
    public static final Originals NONE = new Originals(null, null);

    @Override
    public Fitted fitted(Manifest manifest) {
        return new Fitted(
                image == null ? null : Fitting.picture(image, manifest.pictures()),
                drawn(manifest.latent().shape()),
                drawn(manifest.pictures().shape()));
    }

    /** @param shape channels, height and width */
    private float[] drawn(List<Integer> shape) {
        return mask == null ? null : Fitting.mask(mask, shape.get(2), shape.get(1));
    }
}
