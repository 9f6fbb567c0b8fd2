package dev.safelight.worker.generate;

import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Sampler;
import dev.safelight.common.wire.Json;
import dev.safelight.worker.checkpoint.Checkpoint;
import dev.safelight.worker.checkpoint.Checkpoint.Origin;
import dev.safelight.worker.checkpoint.RecordCodec;
import dev.safelight.worker.checkpoint.UnreadableCheckpoint;
import dev.safelight.worker.generate.Course.Place;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where the walks of a job begin: with noise, or where an earlier attempt left them if that was made by the same bundle,
 * sampler and request.
 *
 * @param origin of the checkpoints that this attempt will write
 * @param codec of its sampler's states
 * @param places one for each image
 * @param step that the slowest image goes on from; empty when all begin with noise
 */
record Resumption<S extends Record>(Origin origin, RecordCodec<S> codec, List<Place<S>> places, OptionalInt step) {
    private static final Logger LOG = LoggerFactory.getLogger(Resumption.class);

    static <S extends Record> Resumption<S> of(
            Optional<Checkpoint> earlier, Sampler<S> sampler, Plan plan, Model model, GenerationInput input) {
        // What a sampler keeps is told by the first state it makes.
        S sample = sampler.begin((first, scale) -> new float[model.latentSize()], plan);
        @SuppressWarnings("unchecked")
        RecordCodec<S> codec = RecordCodec.of((Class<S>) sample.getClass());
        Origin origin = new Origin(
                model.bundle().version(), input.sampler(), sampler.version(), codec.layout(), digest(input, plan));
        List<Place<S>> start = Collections.nCopies(input.count(), Place.start());
        if (earlier.isEmpty()) {
            return new Resumption<>(origin, codec, start, OptionalInt.empty());
        }
        try {
            Checkpoint checkpoint = earlier.get();
            if (!checkpoint.origin().equals(origin)) {
                throw new UnreadableCheckpoint("it is of " + checkpoint.origin() + ", and this is " + origin);
            }
            List<Place<S>> places = places(checkpoint, codec, input.count());
            return checkpoint.advance() == 0
                    ? new Resumption<>(origin, codec, start, OptionalInt.empty())
                    : new Resumption<>(origin, codec, places, OptionalInt.of(checkpoint.step()));
        } catch (UnreadableCheckpoint e) {
            LOG.warn("a job starts over, its checkpoint cannot be used: {}", e.getMessage());
            return new Resumption<>(origin, codec, start, OptionalInt.empty());
        }
    }

    private static <S extends Record> List<Place<S>> places(Checkpoint checkpoint, RecordCodec<S> codec, int images) {
        if (checkpoint.places().size() != images) {
            throw new UnreadableCheckpoint("it has " + checkpoint.places().size() + " images, not " + images);
        }
        List<Place<S>> places = new ArrayList<>();
        for (Checkpoint.Place place : checkpoint.places()) {
            S state = place.state() == null ? null : codec.decode(place.state());
            boolean somewhere = state != null || place.finished() != null;
            if (somewhere == (place.steps() == 0)) {
                throw new UnreadableCheckpoint("an image of " + place.steps() + " steps is nowhere");
            }
            places.add(new Place<>(place.steps(), state, place.finished()));
        }
        return places;
    }

    /** Of the request and of the levels that this version makes of it: another would lead the state somewhere else. */
    private static String digest(GenerationInput input, Plan plan) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256")
                            .digest((Json.write(input) + plan).getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
