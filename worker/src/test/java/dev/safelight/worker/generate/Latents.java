package dev.safelight.worker.generate;

import dev.safelight.worker.decode.Decoder;
import dev.safelight.worker.decode.Picture;
import java.nio.ByteBuffer;
import java.util.List;

/** A decoder that keeps every bit: its pixels are the bytes of the latent's floats. */
final class Latents {
    static final Decoder KEEP = latent -> {
        ByteBuffer bytes = ByteBuffer.allocate(latent.length * Float.BYTES);
        bytes.asFloatBuffer().put(latent);
        return new Picture(latent.length, 1, Float.BYTES, bytes.array());
    };

    private Latents() {}

    static List<float[]> of(Outcome outcome) {
        if (!(outcome instanceof Outcome.Pictures(List<Picture> pictures))) {
            throw new AssertionError(outcome);
        }
        return pictures.stream()
                .map(picture -> {
                    float[] latent = new float[picture.width()];
                    ByteBuffer.wrap(picture.pixels()).asFloatBuffer().get(latent);
                    return latent;
                })
                .toList();
    }
}
