package dev.safelight.standalone.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.request.GenerationInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The arithmetic of {@code safelight evaluate}, and that it goes on where it was. */
class ScoresTest {
    private static final Manifest.Defaults DEFAULTS = new Manifest.Defaults("ddim", 25, 2.0, "trailing", 0, null);

    @Test
    void theFrechetDistanceOfNormalCloudsIsTheClosedForm() {
        // Independent axes: the squared distance of the means and that of the deviations, axis by axis.
        float[][] one = cloud(40_000, new double[] {0, 1, 0}, new double[] {1, 2, 0.5});
        float[][] other = cloud(40_000, new double[] {1, 1, -2}, new double[] {2, 2, 1});
        assertThat(FrechetDistance.between(one, other)).isCloseTo(1 + 4 + 1 + 0.25, within(0.15));
        assertThat(FrechetDistance.between(one, one)).isCloseTo(0, within(1e-9));
    }

    @Test
    void theFrechetDistanceKnowsCorrelationsNotOnlyWidths() {
        float[][] line = cloud(20_000, new double[] {0, 0}, new double[] {1, 0});
        float[][] turned = new float[line.length][];
        for (int i = 0; i < line.length; i++) {
            turned[i] = new float[] {line[i][0] * (float) Math.sqrt(0.5), line[i][0] * (float) Math.sqrt(0.5)};
        }
        // (1 − cos 45°) · 2 for two lines at that angle; taking the axes one by one would give less.
        assertThat(FrechetDistance.between(line, turned)).isCloseTo(2 - 2 * Math.sqrt(0.5), within(0.05));
    }

    @Test
    void anIntervalIsStudents() {
        Interval interval = Interval.of(List.of(1.0, 2.0, 3.0));
        // Mean 2, standard error 1/√3, and 4.3027 for two degrees of freedom.
        assertThat(interval.mean()).isEqualTo(2);
        assertThat(interval.half()).isCloseTo(4.30265 / Math.sqrt(3), within(1e-4));
        assertThat(interval.excludesZero()).isFalse();
        assertThat(Interval.of(List.of(1.0, 1.01, 1.02)).excludesZero()).isTrue();
        assertThat(Interval.of(List.of(5.0)).excludesZero()).isFalse();
        assertThat(interval.text(2)).isEqualTo("2.00 ± 2.48");
    }

    @Test
    void aRunIsTheBundlesDefaultsWithWhatItSays() {
        GenerationInput input = new RunText("sampler=ddpm, steps=10,variance=large,eta=0.5").input(DEFAULTS, 7);
        assertThat(input.sampler()).isEqualTo("ddpm");
        assertThat(input.steps()).isEqualTo(10);
        assertThat(input.guidance()).isEqualTo(2.0);
        assertThat(input.seed()).isEqualTo(7);
        assertThat(input.options()).containsEntry("variance", "large").containsEntry("eta", 0.5);
        assertThat(new RunText("timesteps=[900, 500,100],steps=3")
                        .input(DEFAULTS, 0)
                        .options())
                .containsEntry("timesteps", List.of(900, 500, 100));
        assertThatThrownBy(() -> new RunText("steps").input(DEFAULTS, 0)).hasMessageContaining("name=value");
        assertThatThrownBy(() -> new RunText("steps=many").input(DEFAULTS, 0)).hasMessageContaining("steps=many");
    }

    @Test
    void scoresAreFoundAgainForTheSameQuestionOnly(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("scores.jsonl");
        GenerationInput input = new RunText("steps=10").input(DEFAULTS, 0);
        Scores scores = new Scores(20, List.of(0.5, 1.0), 0.69, 0.3, 0.4, 1.5, null, 2);
        new ScoreFile(Optional.of(file))
                .add(new ScoreFile.Entry("m", "bundle", "judge", 10, input, scores, Instant.EPOCH));
        // A crash in the middle of the next line.
        Files.writeString(file, "{\"model\":\"m\",\"bund", StandardOpenOption.APPEND);
        ScoreFile again = new ScoreFile(Optional.of(file));
        assertThat(again.find("bundle", "judge", 10, input)).contains(scores);
        assertThat(again.find("other", "judge", 10, input)).isEmpty();
        assertThat(again.find("bundle", "other", 10, input)).isEmpty();
        assertThat(again.find("bundle", "judge", 11, input)).isEmpty();
        assertThat(again.find("bundle", "judge", 10, new RunText("steps=11").input(DEFAULTS, 0)))
                .isEmpty();
        assertThat(again.find("bundle", "judge", 10, new RunText("steps=10").input(DEFAULTS, 1)))
                .isEmpty();
    }

    private static float[][] cloud(int count, double[] mean, double[] deviation) {
        Random random = new Random(3);
        float[][] cloud = new float[count][mean.length];
        for (float[] vector : cloud) {
            for (int i = 0; i < mean.length; i++) {
                vector[i] = (float) (mean[i] + deviation[i] * random.nextGaussian());
            }
        }
        return cloud;
    }
}
