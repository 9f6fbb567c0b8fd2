package dev.safelight.worker.generate;

import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Sampler;
import dev.safelight.worker.checkpoint.Checkpoint;
import dev.safelight.worker.checkpoint.Checkpoint.Origin;
import dev.safelight.worker.checkpoint.RecordCodec;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.IntStream;

/** The walks of a job, seen from outside: where each is and what it holds. */
final class Course<S extends Record> implements Progress {
    private final Sampler<S> sampler;
    private final Plan plan;
    private final Listener listener;
    private final Origin origin;
    private final RecordCodec<S> codec;
    private final OptionalInt resumedFrom;
    private final AtomicReferenceArray<Place<S>> places;
    private final AtomicInteger slowest;

    /**
     * Where one image is; replaced as a whole, so that whoever looks sees a step's count together with its state.
     *
     * @param state after so many steps; null before the first
     * @param finished its clean latent; null until the walk is done
     */
    record Place<S>(int steps, S state, float[] finished) {
        static <S> Place<S> start() {
            return new Place<>(0, null, null);
        }
    }

    /** @param from where the walks begin, one place for each image */
    Course(Sampler<S> sampler, Plan plan, Resumption<S> from, Listener listener) {
        this.sampler = sampler;
        this.plan = plan;
        this.listener = listener;
        this.origin = from.origin();
        this.codec = from.codec();
        this.resumedFrom = from.step();
        this.places = new AtomicReferenceArray<>(from.places().size());
        for (int image = 0; image < places.length(); image++) {
            places.set(image, from.places().get(image));
        }
        this.slowest = new AtomicInteger(all());
    }

    /** What the walk goes on from; empty before its first step. */
    Optional<S> state(int image) {
        return Optional.ofNullable(places.get(image).state());
    }

    /** The clean latent of a walk that is done. */
    Optional<float[]> finished(int image) {
        return Optional.ofNullable(places.get(image).finished());
    }

    /** How many images are still to be walked. */
    int unfinished() {
        return (int) IntStream.range(0, places.length())
                .filter(image -> finished(image).isEmpty())
                .count();
    }

    void stepped(int image, S state) {
        places.set(image, new Place<>(sampler.position(state, plan), state, null));
        int all = all();
        int before = slowest.getAndAccumulate(all, Math::max);
        if (all > before) {
            listener.stepped(this);
        }
    }

    void finished(int image, float[] latent) {
        Place<S> last = places.get(image);
        places.set(image, new Place<>(last.steps(), last.state(), latent));
    }

    private int all() {
        int fewest = Integer.MAX_VALUE;
        for (int image = 0; image < places.length(); image++) {
            fewest = Math.min(fewest, places.get(image).steps());
        }
        return fewest;
    }

    @Override
    public int step() {
        return slowest.get();
    }

    @Override
    public int steps() {
        return plan.steps();
    }

    @Override
    public Optional<float[]> denoised(int image) {
        Place<S> place = places.get(image);
        return place.state() == null ? Optional.ofNullable(place.finished()) : sampler.denoised(place.state());
    }

    @Override
    public OptionalInt resumedFrom() {
        return resumedFrom;
    }

    @Override
    public Checkpoint checkpoint() {
        return new Checkpoint(
                origin,
                IntStream.range(0, places.length())
                        .mapToObj(image -> saved(places.get(image)))
                        .toList());
    }

    private Checkpoint.Place saved(Place<S> place) {
        // A sampler that chooses its own steps may still be in the first of the plan's.
        boolean walking = place.state() != null && place.finished() == null && place.steps() > 0;
        return new Checkpoint.Place(place.steps(), walking ? codec.encode(place.state()) : null, place.finished());
    }
}
