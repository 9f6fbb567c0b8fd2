package dev.safelight.common.sampling.parity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.common.sampling.Spacing;
import dev.safelight.common.wire.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Our samplers beside the schedulers of the Python package {@code diffusers}, on one synthetic network. Where the reference
 * is wrong ours must differ from what is published, and agree with it once it is mended.
 */
class ReferenceTest {
    /** Latents are float here and double there. */
    private static final double TOLERANCE = 1e-5;
    /** Far more than rounding. */
    private static final double VISIBLE = 1e-3;

    private static final JsonNode RECORDED = recorded();

    private static JsonNode recorded() {
        try (InputStream file = ReferenceTest.class.getResourceAsStream("/parity/trajectories.json")) {
            return Json.MAPPER.readTree(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Trajectory> trajectories() {
        List<Trajectory> trajectories = new ArrayList<>();
        for (JsonNode recorded : RECORDED.path("trajectories")) {
            trajectories.add(Json.MAPPER.convertValue(recorded, Trajectory.class));
        }
        return trajectories;
    }

    static Stream<Trajectory> right() {
        return trajectories().stream().filter(trajectory -> trajectory.latents() != null);
    }

    static Stream<Trajectory> wrong() {
        return trajectories().stream().filter(trajectory -> trajectory.published() != null);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("right")
    void walksAsTheReferenceDoes(Trajectory trajectory) {
        List<float[]> ours = trajectory.walked();
        assertThat(ours).hasSize(trajectory.latents().length);
        assertThat(Trajectory.difference(ours, trajectory.latents())).isLessThanOrEqualTo(TOLERANCE);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("wrong")
    void differsVisiblyWhereTheReferenceIsWrong(Trajectory trajectory) {
        assertThat(Trajectory.difference(trajectory.walked(), trajectory.published()))
                .as(trajectory.why())
                .isGreaterThan(VISIBLE);
    }

    @Test
    void everyFaultAndEveryMethodIsRecorded() {
        Set<String> samplers = trajectories().stream().map(Trajectory::sampler).collect(Collectors.toSet());
        assertThat(samplers)
                .containsExactlyInAnyOrder(
                        "ddpm",
                        "ddim",
                        "plms",
                        "euler",
                        "euler-a",
                        "heun",
                        "lms",
                        "dpmpp-2m",
                        "dpmpp-2m-sde",
                        "dpmpp-3m",
                        "dpmpp-3m-sde",
                        "unipc",
                        "lcm",
                        "flow-euler");
        assertThat(wrong().map(Trajectory::sampler).distinct())
                .containsExactlyInAnyOrder("ddim", "plms", "dpmpp-3m", "dpmpp-3m-sde", "flow-euler");
    }

    /**
     * The lists of times for every N from 1 to 1,000: the reference's to the last index where they can be laid out, and
     * one time shorter where its trailing list ends with −1.
     */
    @ParameterizedTest
    @CsvSource({"whole, WHOLE", "whole-without-lowest, WHOLE_WITHOUT_LOWEST"})
    void laysOutEveryNumberOfStepsAsTheReferenceDoes(String recorded, Spacing.Grid grid) {
        for (Spacing spacing : Spacing.values()) {
            JsonNode lists = RECORDED.path("timeLists").path(recorded + " " + spacing.word());
            assertThat(lists.path("sums")).hasSize(1000);
            for (int steps = 1; steps <= 1000; steps++) {
                String what = spacing + " " + steps;
                if (leavesTheSchedule(spacing, grid, steps)) {
                    int refused = steps;
                    assertThatThrownBy(() -> spacing.times(1000, refused, grid))
                            .as(what)
                            .isInstanceOf(IllegalArgumentException.class);
                } else {
                    double[] times = spacing.times(1000, steps, grid);
                    assertThat(times).as(what).hasSize(steps);
                    double sum = 0;
                    for (int i = 0; i < steps; i++) {
                        sum += (i + 1) * times[i];
                    }
                    assertThat(sum)
                            .as(what)
                            .isEqualTo(lists.path("sums").path(steps - 1).doubleValue());
                }
            }
            int longer = spacing == Spacing.TRAILING ? 62 : 0;
            assertThat(lists.path("withAnExtraTime")).as("%s", spacing).hasSize(longer);
        }
    }

    /** A thousand times and clean data beside them do not fit on a thousand indices. */
    private static boolean leavesTheSchedule(Spacing spacing, Spacing.Grid grid, int steps) {
        return grid == Spacing.Grid.WHOLE_WITHOUT_LOWEST && spacing != Spacing.TRAILING && steps == 1000;
    }
}
