package dev.safelight.worker.preview;

import dev.safelight.common.event.PreviewShown;
import dev.safelight.common.job.Fence;
import dev.safelight.worker.decode.Decoder;
import dev.safelight.worker.decode.Picture;
import dev.safelight.worker.generate.Progress;
import dev.safelight.worker.output.Png;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Delayed;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/** A job whose client looks on. Its images take turns, so that all of them are seen and none costs more than one would. */
public final class Developing implements Delayed, AutoCloseable {
    /** Most pixels of a side. */
    static final int LONGEST_SIDE = 128;

    private final Fence fence;
    private final int every;
    private final Decoder decoder;
    private final int images;
    private final LongSupplier nanoTime;
    private final Consumer<Developing> due;
    private final AtomicBoolean queued = new AtomicBoolean();
    private volatile Progress progress;
    private volatile int steppedTo;
    /** Does not change while this is queued. */
    private volatile long notBefore;

    private int number;
    private volatile boolean closed;

    Developing(Fence fence, int every, Decoder decoder, int images, LongSupplier nanoTime, Consumer<Developing> due) {
        this.fence = fence;
        this.every = every;
        this.decoder = decoder;
        this.images = images;
        this.nanoTime = nanoTime;
        this.due = due;
        this.notBefore = nanoTime.getAsLong();
    }

    /** Notes that there is something new to see; for a walk's thread. */
    public void stepped(Progress now) {
        int step = now.step();
        boolean wanted = step / every > steppedTo / every;
        steppedTo = step;
        if (wanted && step < now.steps() && !closed) {
            progress = now;
            if (queued.compareAndSet(false, true)) {
                due.accept(this);
            }
        }
    }

    /** The latest estimate of the next image, as a small file; empty where there is none to be seen. */
    Optional<PreviewShown> look() {
        notBefore = nanoTime.getAsLong() + Previews.BETWEEN_PREVIEWS.toNanos();
        // From here on a step queues this again.
        queued.set(false);
        Progress now = progress;
        if (closed || now == null) {
            return Optional.empty();
        }
        int image = number % images;
        return now.denoised(image).flatMap(latent -> encode(now, image, latent));
    }

    private Optional<PreviewShown> encode(Progress now, int image, float[] latent) {
        Picture picture;
        try {
            picture = Thumbnail.of(decoder.decode(latent), LONGEST_SIDE);
        } catch (Decoder.NotFinite e) {
            return Optional.empty();
        }
        byte[] file = Png.encode(picture, Map.of());
        if (file.length > PreviewShown.MOST_BYTES) {
            return Optional.empty();
        }
        return Optional.of(new PreviewShown(
                fence.job().tenantId(),
                fence.job().jobId(),
                fence.attempt(),
                now.step(),
                now.steps(),
                image,
                number++,
                picture.width(),
                picture.height(),
                "image/png",
                file));
    }

    /** Nothing more is shown. */
    @Override
    public void close() {
        closed = true;
        progress = null;
    }

    @Override
    public long getDelay(TimeUnit unit) {
        return unit.convert(notBefore - nanoTime.getAsLong(), TimeUnit.NANOSECONDS);
    }

    @Override
    public int compareTo(Delayed other) {
        return other instanceof Developing developing
                ? Long.compare(notBefore - developing.notBefore, 0)
                : Long.compare(getDelay(TimeUnit.NANOSECONDS), other.getDelay(TimeUnit.NANOSECONDS));
    }
}
