package dev.safelight.common.sampling.noise;

import dev.safelight.common.sampling.Noise;
import java.util.List;

/**
 * The draws that a loop over a {@code diffusers} scheduler would make with {@code torch.Generator().manual_seed(seed)} on
 * an x86 CPU: first those of the walk's beginning, then one of the same size for each step. A draw still depends on nothing but its
 * coordinates, because the stream is wound to where the draw lies; a walk that is taken up in the middle winds it there
 * once.
 *
 * <p>Streams for which that loop has no draw come from {@link GaussianNoise}, so that all draws of a walk stay independent.
 * One for each walk: not safe for threads.
 */
public final class TorchNoise implements Noise {
    private final long seed;
    private final Noise others;
    private final List<Integer> beginning;
    private TorchGenerator generator;
    private int next;
    private int size;

    /** Of a walk that begins in noise. */
    public TorchNoise(long seed) {
        this(seed, List.of(START));
    }

    /** @param beginning the streams that one draw each is made from before the first step, in this order */
    public TorchNoise(long seed, List<Integer> beginning) {
        this.seed = seed;
        this.beginning = List.copyOf(beginning);
        this.others = new GaussianNoise(seed);
        rewind(0);
    }

    @Override
    public float[] unit(int stream, int step, int size) {
        if (stream == STEP) {
            return draw(beginning.size() + step, size);
        }
        int place = beginning.indexOf(stream);
        return place < 0 ? others.unit(stream, step, size) : draw(place, size);
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
