package dev.safelight.worker.preview;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.event.PreviewShown;
import dev.safelight.common.job.Fence;
import dev.safelight.common.job.JobIds;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.request.Preview;
import dev.safelight.worker.checkpoint.Checkpoint;
import dev.safelight.worker.decode.Decoder;
import dev.safelight.worker.decode.Picture;
import dev.safelight.worker.generate.Progress;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

/** Which previews are made of a running job, on a clock that the test ticks. */
class PreviewsTest {
    private static final Decoder BRIGHTNESS = latent -> new Picture(1, 1, 1, new byte[] {(byte) latent[0]});

    private final Fence fence = new Fence(new JobKey("default", JobIds.next()), 3);
    private final List<PreviewShown> shown = new ArrayList<>();
    private long now;
    private final Previews previews = new Previews(shown::add, () -> now);

    @Test
    void everySoManyStepsOneIsDue() throws IOException {
        try (Developing job = previews.develop(fence, new Preview(4), BRIGHTNESS, 1)) {
            for (int step = 1; step < 20; step++) {
                job.stepped(new Walks(step, 20, 1));
                previews.runOnce();
                tick(Previews.BETWEEN_PREVIEWS);
            }
            assertThat(shown).extracting(PreviewShown::step).containsExactly(4, 8, 12, 16);
            assertThat(shown).extracting(PreviewShown::number).containsExactly(0, 1, 2, 3);
            PreviewShown first = shown.getFirst();
            assertThat(first.key()).isEqualTo(fence.job());
            assertThat(first.attempt()).isEqualTo(3);
            assertThat(first.steps()).isEqualTo(20);
            BufferedImage picture = ImageIO.read(new ByteArrayInputStream(first.data()));
            assertThat(picture.getRaster().getSample(0, 0, 0))
                    .as("the estimate after step 4")
                    .isEqualTo(4);
        }
    }

    @Test
    void noMoreThanFiveASecondAreMadeAndAlwaysOfTheLatestStep() {
        try (Developing job = previews.develop(fence, new Preview(1), BRIGHTNESS, 1)) {
            for (int step = 1; step <= 1_000; step++) {
                job.stepped(new Walks(step, 2_000, 1));
                previews.runOnce();
                tick(Duration.ofMillis(1));
            }
            assertThat(shown).extracting(PreviewShown::step).containsExactly(1, 201, 401, 601, 801);
        }
    }

    @Test
    void theImagesOfAJobTakeTurns() {
        try (Developing job = previews.develop(fence, new Preview(1), BRIGHTNESS, 3)) {
            for (int step = 1; step <= 5; step++) {
                job.stepped(new Walks(step, 9, 3));
                previews.runOnce();
                tick(Previews.BETWEEN_PREVIEWS);
            }
            assertThat(shown).extracting(PreviewShown::image).containsExactly(0, 1, 2, 0, 1);
        }
    }

    @Test
    void aJobThatIsOverOrDivergedShowsNothing() {
        Developing over = previews.develop(fence, new Preview(1), BRIGHTNESS, 1);
        over.stepped(new Walks(1, 9, 1));
        over.close();
        over.stepped(new Walks(2, 9, 1));
        Decoder diverged = latent -> {
            throw new Decoder.NotFinite();
        };
        previews.develop(fence, new Preview(1), diverged, 1).stepped(new Walks(1, 9, 1));
        // The picture itself comes at once.
        previews.develop(fence, new Preview(1), BRIGHTNESS, 1).stepped(new Walks(9, 9, 1));
        previews.runOnce();
        assertThat(shown).isEmpty();
    }

    @Test
    void aLargePictureIsMadeSmall() {
        byte[] pixels = new byte[300 * 200 * 3];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (i % 3 * 100);
        }
        Picture small = Thumbnail.of(new Picture(300, 200, 3, pixels), Developing.LONGEST_SIDE);
        assertThat(small.width()).isEqualTo(100);
        assertThat(small.height()).isEqualTo(67);
        assertThat(small.pixels()).hasSize(100 * 67 * 3).startsWith(0, 100, 200).endsWith(0, 100, 200);
        Picture pair = Thumbnail.of(new Picture(2, 1, 1, new byte[] {(byte) 255, 0}), 1);
        assertThat(pair.pixels()).containsExactly(128);
        Picture tiny = new Picture(28, 28, 1, new byte[28 * 28]);
        assertThat(Thumbnail.of(tiny, Developing.LONGEST_SIDE)).isSameAs(tiny);
    }

    private void tick(Duration by) {
        now += by.toNanos();
    }

    /** Walks whose estimate is as bright as the step they are at. */
    private record Walks(int step, int steps, int images) implements Progress {
        @Override
        public Optional<float[]> denoised(int image) {
            assertThat(image).isLessThan(images);
            return Optional.of(new float[] {step});
        }

        @Override
        public OptionalInt resumedFrom() {
            return OptionalInt.empty();
        }

        @Override
        public Checkpoint checkpoint() {
            throw new UnsupportedOperationException();
        }
    }
}
