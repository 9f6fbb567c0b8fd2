package dev.safelight.common.sampling.sampler;

import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Need;
import dev.safelight.common.sampling.Option;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Setting;
import dev.safelight.common.sampling.Transition;
import dev.safelight.common.sampling.schedule.NoiseSchedule;
import java.util.ArrayList;
import java.util.List;

/**
 * DDPM along the times that maximise the variational lower bound for a number of steps, found by dynamic programming
 * (Watson et al. 2021, Learning to efficiently sample, §3). It is optimal in likelihood, not in looks.
 */
public final class OptimalSchedule {
    /** Mean square of x0 − D for each number, by 0-based training index. */
    static final String ERROR_TABLE = "clean-error";
    /** Negative log likelihood in nats for each number of decoding from that index; zeros where it is not known. */
    static final String DECODER_TABLE = "decoder-nll";

    private static final Option.Word VARIANCE = new Option.Word(
            "dp_variance", "Variance of a step of dp: small or large as in ddpm", List.of("small", "large"), "small");

    static final List<Method> METHODS =
            List.of(Method.called("dp", "DDPM along the times of greatest likelihood for so many steps")
                    .when("When likelihood is what counts; pictures may look worse than with even steps")
                    .from("Watson et al. 2021, Learning to efficiently sample from diffusion probabilistic models")
                    .over(OptimalSchedule::plan)
                    .taking(VARIANCE)
                    .needing(
                            new Need("a discrete vp process", offer -> offer.process() instanceof NoiseSchedule),
                            Need.table(ERROR_TABLE),
                            Need.table(DECODER_TABLE))
                    .made(setting -> new Ddpm(variance(setting))));

    private OptimalSchedule() {}

    private static Ddpm.Variance variance(Setting setting) {
        return setting.get(VARIANCE).equals("large") ? Ddpm.Variance.LARGE : Ddpm.Variance.SMALL;
    }

    private static Plan plan(Setting setting) {
        NoiseSchedule schedule = (NoiseSchedule) setting.process();
        double[] error = setting.offer().table(ERROR_TABLE);
        double[] decoder = setting.offer().table(DECODER_TABLE);
        Ddpm.Variance variance = variance(setting);
        List<Level> levels = new ArrayList<>();
        levels.add(Level.CLEAN);
        for (int i = 0; i < schedule.steps(); i++) {
            levels.add(schedule.level(i));
        }
        // N steps are N + 1 nodes with both ends, clean data being index 0 of the chain.
        Object key = List.of("dp", variance, levels, LeastCost.values(error), LeastCost.values(decoder));
        int[] chosen = LeastCost.of(
                        key,
                        () -> new LeastCost(
                                levels.size(),
                                (to, from) -> to == 0
                                        ? decoder[from - 1]
                                        : bound(
                                                Transition.between(levels.get(from), levels.get(to)),
                                                variance,
                                                error[from - 1])))
                .path(setting.steps() + 1);
        List<Level> plan = new ArrayList<>();
        for (int k = chosen.length - 1; k >= 0; k--) {
            plan.add(levels.get(chosen[k]));
        }
        return new Plan(plan, setting.spacing());
    }

    /**
     * KL divergence of a step for each number: ½(β̃/V + ln(V/β̃) − 1) + ᾱ_s β² MSE/(2(1 − ᾱ_r)² V).
     *
     * @param error mean square of x0 − D at the noisier level, for each number
     */
    static double bound(Transition transition, Ddpm.Variance variance, double error) {
        return bound(transition, variance == Ddpm.Variance.SMALL ? transition.posterior() : transition.beta(), error);
    }

    /** @param v the variance of the step */
    public static double bound(Transition transition, double v, double error) {
        double posterior = transition.posterior();
        double c1 = transition.cleanWeight();
        return 0.5 * (posterior / v + Math.log(v / posterior) - 1) + c1 * c1 * error / (2 * v);
    }
}
