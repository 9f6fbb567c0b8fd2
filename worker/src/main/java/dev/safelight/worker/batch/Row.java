package dev.safelight.worker.batch;

import java.util.Map;

/**
 * One line of a network call.
 *
 * @param latent the noisy sample, row-major, in the shape of its group; not changed while the call runs
 * @param time what the network is told of the noise level
 * @param more what the network takes beside these, by the names of its inputs; rows of one group have the same names
 */
public record Row(float[] latent, float time, Conditioning conditioning, Map<String, float[]> more) {

    public Row(float[] latent, float time, Conditioning conditioning) {
        this(latent, time, conditioning, Map.of());
    }
}
