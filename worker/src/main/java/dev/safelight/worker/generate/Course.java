package dev.safelight.worker.generate;

import dev.safelight.worker.sample.Sampler;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.IntStream;

/** The walks of a job, seen from outside: where each is and what it holds. */
final class Course<S extends Record> implements Progress {
    private final Sampler<S> sampler;
    private final int steps;
    private final Listener listener;
    private final AtomicIntegerArray done;
    private final AtomicReferenceArray<S> states;
    private final AtomicInteger slowest = new AtomicInteger();

    Course(Sampler<S> sampler, int steps, int images, Listener listener) {
        this.sampler = sampler;
        this.steps = steps;
        this.listener = listener;
        this.done = new AtomicIntegerArray(images);
        this.states = new AtomicReferenceArray<>(images);
    }

    void stepped(int image, S state) {
        states.set(image, state);
        done.incrementAndGet(image);
        int all = IntStream.range(0, done.length()).map(done::get).min().orElse(0);
        int before = slowest.getAndAccumulate(all, Math::max);
        if (all > before) {
            listener.stepped(this);
        }
    }

    @Override
    public int step() {
        return slowest.get();
    }

    @Override
    public int steps() {
        return steps;
    }

    @Override
    public Optional<float[]> denoised(int image) {
        return Optional.ofNullable(states.get(image)).flatMap(sampler::denoised);
    }
}
