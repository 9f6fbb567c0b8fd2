package dev.safelight.common.sampling.noise;

import dev.safelight.common.sampling.Noise;

/**
 * The draws that a loop over a {@code diffusers} scheduler would make with {@code torch.Generator().manual_seed(seed)} on
 * an x86 CPU: first the start, then one of the same size for each step. A draw still depends on nothing but its
 * coordinates, because the stream is wound to where the draw lies; a walk that is taken up in the middle winds it there
 * once.
 *
 * <p>Streams for which that loop has no draw come from {@link GaussianNoise}, so that all draws of a walk stay independent.
 * One for each walk: not safe for threads.
 */
public final class TorchNoise implements Noise {
    private final long seed;
    private final Noise others;
    private TorchGenerator generator;
    private int next;
    private int size;

    public TorchNoise(long seed) {
        this.seed = seed;
        this.others = new GaussianNoise(seed);
        rewind(0);
    }

    @Override
    public float[] unit(int stream, int step, int size) {
        return switch (stream) {
            case START -> draw(0, size);
            case STEP -> draw(step + 1, size);
            default -> others.unit(stream, step, size);
        };
    }

    private float[] draw(int number, int size) {
        // What lies before it is taken to have had the same size.
        if (number < next || size != this.size) {
            rewind(size);
        }
        for (; next < number; next++) {
            generator.skip(size);
        }
        next++;
        return generator.normal(size);
    }

    private void rewind(int size) {
        this.generator = new TorchGenerator(seed);
        this.next = 0;
        this.size = size;
    }
}
