package dev.safelight.common.sampling.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Settings;
import dev.safelight.common.sampling.Spacing;
import dev.safelight.common.sampling.Transition;
import dev.safelight.common.sampling.schedule.Layouts;
import dev.safelight.common.sampling.schedule.NoiseSchedule;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TransitionTest {
    private static final Plan PLAN =
            Layouts.TRAINING.plan(Settings.of(NoiseSchedule.linear(1000, 1e-4, 0.02), Spacing.TRAILING, 50));

    /**
     * DDIM at eta 1 is the DDPM posterior: with E = (x − aD)/s its mean has the weights of the posterior's, and κ² is the
     * posterior's variance.
     */
    @Test
    void ddimAtEtaOneIsThePosterior() {
        assertThat(difference(new Ddim(1))).isLessThan(1e-12);
    }

    @Test
    void ddimAtAnyOtherEtaIsNot() {
        assertThat(difference(new Ddim(0.99))).isGreaterThan(1e-3);
        assertThat(difference(new Ddim(0))).isGreaterThan(1e-3);
    }

    private static double difference(Ddim ddim) {
        return IntStream.range(0, PLAN.steps())
                .mapToObj(i -> Transition.between(PLAN.level(i), PLAN.level(i + 1)))
                .mapToDouble(transition -> {
                    Level from = transition.from();
                    double latentWeight = ddim.direction(transition) / from.noise();
                    double cleanWeight = transition.to().signal() - from.signal() * latentWeight;
                    double variance = Math.pow(ddim.kappa(transition), 2);
                    return Math.max(
                            Math.abs(variance - transition.posterior()),
                            Math.max(
                                    Math.abs(latentWeight - transition.latentWeight()),
                                    Math.abs(cleanWeight - transition.cleanWeight())));
                })
                .max()
                .orElseThrow();
    }

    @Test
    void thePosteriorsMeanKeepsTheMarginal() {
        // If x = a_r x0 + s_r z, then x_s must have mean a_s x0 and variance 1 − ᾱ_s (Ho et al. 2020, eq. 6 and 7).
        for (int i = 0; i < PLAN.steps(); i++) {
            Transition transition = Transition.between(PLAN.level(i), PLAN.level(i + 1));
            double latent = transition.latentWeight();
            double mean = transition.cleanWeight() + latent * transition.from().signal();
            double variance = Math.pow(latent * transition.from().noise(), 2) + transition.posterior();
            assertThat(mean).isCloseTo(transition.to().signal(), within(1e-12));
            assertThat(variance).isCloseTo(Math.pow(transition.to().noise(), 2), within(1e-12));
        }
    }
}
