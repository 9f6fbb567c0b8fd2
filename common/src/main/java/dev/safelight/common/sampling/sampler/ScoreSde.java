package dev.safelight.common.sampling.sampler;

import dev.safelight.common.sampling.Denoiser;
import dev.safelight.common.sampling.Estimate;
import dev.safelight.common.sampling.Latents;
import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Need;
import dev.safelight.common.sampling.Noise;
import dev.safelight.common.sampling.OneStepSampler;
import dev.safelight.common.sampling.Option;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Process;
import dev.safelight.common.sampling.Setting;
import dev.safelight.common.sampling.Transition;
import dev.safelight.common.sampling.schedule.Layouts;
import dev.safelight.common.sampling.schedule.SmoothProcess;
import dev.safelight.common.sampling.schedule.VpDiffusion;
import java.util.List;

/**
 * The reverse-time SDE of a process, discretised (Song et al. 2021, Score-based generative modeling, algorithms 1 to 4 and
 * appendices E to G). A step may first run Langevin updates at its own level, the corrector; the last step returns its
 * mean.
 *
 * @param process whose levels the plan visits
 * @param nodes N of the whole walk
 * @param corrections Langevin updates before each predictor step
 * @param snr r of the corrector's step size
 */
public record ScoreSde(Process process, int nodes, Predictor predictor, int corrections, double snr)
        implements OneStepSampler {
    private static final Option.Whole CORRECTIONS =
            new Option.Whole("corrector_steps", "Langevin updates before each step", 1, 20, 1);
    private static final Option.Real SNR = new Option.Real(
            "snr", "Signal to noise of a corrector's update: the larger, the larger its step", 1e-3, 1, 0.16);

    private static final Need CONTINUOUS = new Need(
            "a vp, sub-vp or ve process in continuous time",
            offer -> offer.process() instanceof SmoothProcess && offer.process().kind() != Process.Kind.FLOW);

    static final List<Method> METHODS = List.of(
            Method.called("sde-em", "Euler and Maruyama's method on the reverse-time SDE")
                    .when("The plainest discretisation; wants hundreds of steps")
                    .from("Song et al. 2021, Score-based generative modeling, eq. 6")
                    .over(Layouts.NODES)
                    .needing(CONTINUOUS)
                    .made(setting -> of(setting, Predictor.EULER_MARUYAMA)),
            Method.called("sde-reverse-diffusion", "The reverse-time SDE, discretised as its forward SDE is")
                    .when("Models trained in continuous time, with hundreds of steps")
                    .from("Song et al. 2021, eq. 46")
                    .over(Layouts.NODES)
                    .needing(CONTINUOUS)
                    .made(setting -> of(setting, Predictor.REVERSE_DIFFUSION)),
            Method.called("sde-pc", "Predictor and corrector: Langevin updates, then a reverse-diffusion step")
                    .when("Models trained in continuous time, when quality matters more than evaluations")
                    .from("Song et al. 2021, algorithms 2 to 5")
                    .costing("(1 + corrector_steps) · N")
                    .over(Layouts.NODES)
                    .taking(CORRECTIONS, SNR)
                    .needing(CONTINUOUS)
                    .made(setting -> new ScoreSde(
                            setting.process(),
                            setting.steps(),
                            Predictor.REVERSE_DIFFUSION,
                            setting.get(CORRECTIONS),
                            setting.get(SNR))),
            Method.called("ancestral", "Ancestral sampling in the discretisation of the score SDE")
                    .when("vp and ve models with many steps")
                    .from("Song et al. 2021, eq. 4 and appendix F")
                    .over(Layouts.NODES)
                    .needing(Need.process(Process.Kind.VP, Process.Kind.VE))
                    .made(setting -> of(setting, Predictor.ANCESTRAL)));

    /** How a step follows the reverse-time SDE. */
    public enum Predictor {
        /** x̄ = x − (f − g²S)Δ, noise g√Δ. */
        EULER_MARUYAMA,
        /** vp: x̄ = (2 − √(1 − β))x + βS, noise √β; ve: x̄ = x + (σ² − σ'²)S, noise √(σ² − σ'²). */
        REVERSE_DIFFUSION,
        /** vp: x̄ = (x + βS)/√(1 − β), noise √β; ve: the same mean as above, noise √(σ'²(σ² − σ'²))/σ. */
        ANCESTRAL
    }

    /** @throws IllegalArgumentException where a step is so long that 1 − β, of which roots are taken, is negative */
    public ScoreSde {
        boolean rooted = corrections > 0
                || predictor == Predictor.ANCESTRAL
                || (predictor == Predictor.REVERSE_DIFFUSION && process instanceof VpDiffusion);
        if (rooted && process.kind() != Process.Kind.VE && process instanceof SmoothProcess smooth) {
            // β falls with the noise, so the first step is the longest.
            double longest = Math.round(-2e6 * smooth.drift(1)) / 1e6;
            if (longest >= nodes) {
                throw new IllegalArgumentException("this sampler needs at least " + ((int) longest + 1)
                        + " steps here: with fewer, a step would take away more than there is");
            }
        }
    }

    private static ScoreSde of(Setting setting, Predictor predictor) {
        return new ScoreSde(setting.process(), setting.steps(), predictor, 0, 0);
    }

    @Override
    public State step(State state, Plan plan, Noise noise, Denoiser denoiser) {
        int i = state.step();
        Level level = plan.level(i);
        float[] x = state.x();
        for (int k = 0; k < corrections; k++) {
            x = corrected(x, level, noise.unit(Noise.CORRECTOR, i * corrections + k, x.length), denoiser);
        }
        Estimate estimate = denoiser.estimate(x, level);
        Move move = move(level, plan.level(i + 1));
        // S = −E/s
        float[] mean = Latents.combined(move.kept, x, -move.pull / level.noise(), estimate.noise());
        if (plan.level(i + 1).clean()) {
            return new State(i + 1, mean, estimate.clean());
        }
        float[] z = noise.unit(Noise.STEP, i, x.length);
        return new State(i + 1, Latents.combined(1, mean, move.spread, z), estimate.clean());
    }

    /** One Langevin update with η = 2α(r‖z‖/‖S‖)²; norms are of this walk alone (Song et al. 2021, algorithms 4 and 5). */
    private float[] corrected(float[] x, Level level, float[] z, Denoiser denoiser) {
        float[] away = denoiser.estimate(x, level).noise();
        double slope = norm(away) / level.noise();
        if (slope == 0) {
            return x;
        }
        double alpha = process.kind() == Process.Kind.VE ? 1 : 1 - beta(level);
        double ratio = snr * norm(z) / slope;
        double eta = 2 * alpha * ratio * ratio;
        return Latents.combined(1, x, -eta / level.noise(), away, Math.sqrt(2 * eta), z);
    }

    private static double norm(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += (double) value * value;
        }
        return Math.sqrt(sum);
    }

    /** x̄ = kept·x + pull·S, and the deviation of the noise that is added. */
    private record Move(double kept, double pull, double spread) {}

    private Move move(Level level, Level next) {
        return switch (predictor) {
            case EULER_MARUYAMA -> eulerMaruyama(level);
            case REVERSE_DIFFUSION ->
                switch (process.kind()) {
                    case VP -> {
                        double beta = beta(level);
                        yield new Move(2 - Math.sqrt(1 - beta), beta, Math.sqrt(beta));
                    }
                    case VE -> {
                        double added = added(level, next);
                        yield new Move(1, added, Math.sqrt(added));
                    }
                    default -> eulerMaruyama(level);
                };
            case ANCESTRAL -> ancestral(level, next);
        };
    }

    private Move eulerMaruyama(Level level) {
        SmoothProcess smooth = (SmoothProcess) process;
        double t = smooth.timeOf(level);
        double width = 1.0 / nodes;
        double rate = smooth.diffusion(t);
        return new Move(1 - smooth.drift(t) * width, rate * width, Math.sqrt(rate * width));
    }

    private Move ancestral(Level level, Level next) {
        if (process.kind() == Process.Kind.VE) {
            double added = added(level, next);
            return new Move(1, added, next.noise() * Math.sqrt(added) / level.noise());
        }
        double beta = process instanceof VpDiffusion
                ? beta(level)
                : Transition.between(level, next).beta();
        double root = Math.sqrt(1 - beta);
        return new Move(1 / root, beta / root, Math.sqrt(beta));
    }

    /** σ² − σ'², where the level after the lowest has σ' = 0. */
    private static double added(Level level, Level next) {
        return level.noise() * level.noise() - next.noise() * next.noise();
    }

    /** β of node i of N, counted from the data: (β₀ + (β₁ − β₀) i/(N − 1))/N. */
    private double beta(Level level) {
        if (!(process instanceof VpDiffusion vp)) {
            SmoothProcess smooth = (SmoothProcess) process;
            return -2 * smooth.drift(smooth.timeOf(level)) / nodes;
        }
        double fromData = nodes == 1
                ? 1
                : 1 - Math.rint((1 - vp.timeOf(level)) / (1 - vp.lowestTime()) * (nodes - 1)) / (nodes - 1);
        return vp.beta(fromData) / nodes;
    }
}
