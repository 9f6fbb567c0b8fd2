package dev.safelight.worker.generate;

import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.request.Recipe;
import dev.safelight.common.sampling.Latents;
import dev.safelight.common.sampling.Noise;
import dev.safelight.worker.batch.Conditioning;
import dev.safelight.worker.batch.Group;
import dev.safelight.worker.batch.Row;
import dev.safelight.worker.batch.Ticket;
import dev.safelight.worker.batch.Walk;
import dev.safelight.worker.decode.Picture;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A client's image as a walk needs it.
 *
 * @param law the latent, or mean and then deviation of its law, as the encoder gave it
 * @param size numbers of a latent
 * @param drawn how far each number of a latent is to be drawn, from 0 to 1; null without a mask
 * @param blankedLaw the same of the image without the part that is to be drawn; null where no network wants it
 * @param picture as it is shown, to put the kept part back into what was decoded; null where the latent is the picture
 */
record Known(float[] law, int size, float[] drawn, float[] blankedLaw, Retouch picture) {

    /** @param drawn how far each place is to be drawn, from 0 to 1, [height, width] */
    record Retouch(Picture original, float[] drawn) {
        Picture over(Picture made) {
            byte[] pixels = made.pixels().clone();
            for (int i = 0; i < pixels.length; i++) {
                double share = drawn[i / made.channels()];
                int mine = Byte.toUnsignedInt(pixels[i]);
                int theirs = Byte.toUnsignedInt(original.pixels()[i]);
                pixels[i] = (byte) Math.round(share * mine + (1 - share) * theirs);
            }
            return new Picture(made.width(), made.height(), made.channels(), pixels);
        }
    }

    /**
     * Fits and, where the model has one, encodes the image; empty where the recipe needs none.
     *
     * @throws IllegalArgumentException when an image is wanted and not there
     * @throws dev.safelight.worker.batch.EvaluationStopped while encoding
     */
    static Optional<Known> of(Recipe recipe, Fitted.Source source, Model model, Ticket ticket, boolean strict)
            throws InterruptedException {
        if (!recipe.takesImage()) {
            return Optional.empty();
        }
        Manifest manifest = model.bundle().manifest();
        Fitted images = source.fitted(manifest);
        if (images.picture() == null || recipe.masked() && images.drawn() == null) {
            throw new IllegalArgumentException("the job's image is not there");
        }
        float[] picture = images.picture();
        Group encoder = model.others().get(Manifest.ENCODER);
        float[] law = encoder == null ? picture : encoded(picture, encoder, model, ticket, strict);
        if (!recipe.masked()) {
            return Optional.of(new Known(law, model.latentSize(), null, null, null));
        }
        float[] drawn = repeated(images.drawn(), manifest.latent().shape().get(0));
        float[] blanked = null;
        if (model.takes("masked")) {
            float[] empty = blanked(images, manifest.pictures());
            blanked = encoder == null ? empty : encoded(empty, encoder, model, ticket, strict);
        }
        return Optional.of(new Known(
                law,
                model.latentSize(),
                drawn,
                blanked,
                encoder == null ? null : retouch(images, manifest.pictures())));
    }

    private static float[] encoded(float[] picture, Group encoder, Model model, Ticket ticket, boolean strict) {
        // Aside, so that no walk's step waits for it.
        try (Walk walk = model.aside().join(ticket, encoder, strict, 1).getFirst()) {
            return walk.evaluate(List.of(new Row(picture, 0, new Conditioning.Unconditional())))
                    .getFirst();
        }
    }

    private static float[] repeated(float[] plane, int channels) {
        float[] all = new float[channels * plane.length];
        for (int channel = 0; channel < channels; channel++) {
            System.arraycopy(plane, 0, all, channel * plane.length, plane.length);
        }
        return all;
    }

    /** The picture with what is to be drawn in the middle of the range. */
    private static float[] blanked(Fitted images, Manifest.PictureSpace space) {
        float[] picture = images.picture();
        float[] drawn = repeated(images.pixelsDrawn(), space.shape().get(0));
        float middle = (float) ((space.range().getFirst() + space.range().getLast()) / 2);
        float[] blanked = new float[picture.length];
        for (int i = 0; i < blanked.length; i++) {
            blanked[i] = drawn[i] >= 0.5 ? middle : picture[i];
        }
        return blanked;
    }

    private static Retouch retouch(Fitted images, Manifest.PictureSpace space) {
        float[] picture = images.picture();
        int channels = space.shape().get(0);
        int height = space.shape().get(1);
        int width = space.shape().get(2);
        double low = space.range().getFirst();
        double reach = space.range().getLast() - low;
        byte[] pixels = new byte[picture.length];
        for (int i = 0; i < pixels.length; i++) {
            float value = picture[i % channels * height * width + i / channels];
            pixels[i] = (byte) Math.clamp(Math.round(255 * (value - low) / reach), 0, 255);
        }
        return new Retouch(new Picture(width, height, channels, pixels), images.pixelsDrawn());
    }

    /** Whether the encoder gives a law, from which each walk has a draw of its own. */
    boolean lawful() {
        return law.length >= 2 * size;
    }

    /** The clean latent; where the encoder gives a law, a draw from it. */
    float[] latent(Noise noise) {
        return lawful() ? draw(law, noise.unit(Noise.ENCODER, 0, size)) : law;
    }

    /** The same of the image without the part that is to be drawn. */
    float[] blanked(Noise noise) {
        return lawful() ? draw(blankedLaw, noise.unit(Noise.MASKED, 0, size)) : blankedLaw;
    }

    private float[] draw(float[] from, float[] unit) {
        float[] scaled = unit.clone();
        for (int i = 0; i < size; i++) {
            scaled[i] *= from[size + i];
        }
        return Latents.sum(Arrays.copyOf(from, size), scaled);
    }

    /** 1 where the image is kept and 0 where it is drawn. */
    float[] kept() {
        float[] kept = new float[drawn.length];
        for (int i = 0; i < kept.length; i++) {
            kept[i] = 1 - drawn[i];
        }
        return kept;
    }
}
