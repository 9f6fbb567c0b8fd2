package dev.safelight.common.sampling.parity;

import dev.safelight.common.sampling.Denoiser;
import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Noise;
import dev.safelight.common.sampling.Offer;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Prediction;
import dev.safelight.common.sampling.Process;
import dev.safelight.common.sampling.Sampler;
import dev.safelight.common.sampling.Setting;
import dev.safelight.common.sampling.Spacing;
import dev.safelight.common.sampling.Values;
import dev.safelight.common.sampling.noise.TorchNoise;
import dev.safelight.common.sampling.sampler.DpmPlusPlus;
import dev.safelight.common.sampling.sampler.Methods;
import dev.safelight.common.sampling.schedule.NetworkTime;
import dev.safelight.common.sampling.schedule.NoiseSchedule;
import dev.safelight.common.sampling.schedule.RectifiedFlow;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A walk that {@code models/export/trajectories.py} recorded, and the same walk by our sampler.
 *
 * @param torchSeed where the noise came from torch; else it is {@link #waves}
 * @param why what is wrong with {@code published}
 * @param published what the reference makes of it where that is wrong; null where it is right
 * @param latents what it makes of it where it is right or was mended: the start and the latent after each step
 */
record Trajectory(
        String sampler,
        Described process,
        String prediction,
        String spacing,
        int steps,
        Map<String, Object> options,
        Long torchSeed,
        String why,
        double[][] published,
        double[][] latents) {
    /** No request can name it, but the arithmetic is there. */
    private static final String NOISY_THIRD_ORDER = "dpmpp-3m-sde";

    private static final int TRAIN_STEPS = 1000;

    record Described(String schedule, boolean zeroTerminalSnr, int offset, String end, double shift) {

        Process process() {
            NoiseSchedule plain = switch (schedule) {
                case "flow" -> null;
                case "linear" -> NoiseSchedule.linear(TRAIN_STEPS, 0.0001, 0.02);
                case "scaled-linear" -> NoiseSchedule.scaledLinear(TRAIN_STEPS, 0.00085, 0.012);
                case "squared-cosine" -> NoiseSchedule.squaredCosine(TRAIN_STEPS);
                default -> throw new IllegalArgumentException(schedule);
            };
            if (plain == null) {
                return new RectifiedFlow(TRAIN_STEPS, shift, new NetworkTime(NetworkTime.Quantity.TIME, TRAIN_STEPS));
            }
            NoiseSchedule scaled = zeroTerminalSnr ? plain.withZeroTerminalSnr() : plain;
            NoiseSchedule moved = offset == 0 ? scaled : scaled.withOffset(offset);
            return "first".equals(end) ? moved.endingAtFirst() : moved;
        }
    }

    private Method method() {
        return Methods.find(sampler.equals(NOISY_THIRD_ORDER) ? "dpmpp-3m" : sampler)
                .orElseThrow();
    }

    private Sampler<?> sampler(Setting setting) {
        return sampler.equals(NOISY_THIRD_ORDER)
                ? new DpmPlusPlus(3, true, ((Number) options.get("correction")).doubleValue())
                : method().sampler(setting);
    }

    /** The start and the latent after each step. */
    List<float[]> walked() {
        Offer offer = new Offer(
                process.process(), Prediction.of(prediction), Set.of("denoiser"), Map.of(), Set.of("distilled"));
        Setting setting = new Setting(offer, steps, Spacing.find(spacing).orElseThrow(), new Values(options));
        return walked(sampler(setting), setting);
    }

    private <S extends Record> List<float[]> walked(Sampler<S> sampler, Setting setting) {
        Plan plan = method().plan(setting);
        Noise noise = torchSeed == null ? Trajectory::waves : new TorchNoise(torchSeed);
        Prediction predicted = setting.offer().prediction();
        Denoiser denoiser = (x, level) -> predicted.estimate(x, network(x, level.time()), level);
        List<float[]> latents = new ArrayList<>();
        S state = sampler.begin(sampler.opening(noise, size()), plan);
        latents.add(sampler.latent(state));
        while (!sampler.done(state, plan)) {
            state = sampler.step(state, plan, noise, denoiser);
            latents.add(sampler.latent(state));
        }
        return latents;
    }

    private int size() {
        return (latents == null ? published : latents)[0].length;
    }

    /** {@code network} of the script. */
    private static float[] network(float[] x, double t) {
        float[] output = new float[x.length];
        for (int k = 0; k < x.length; k++) {
            double next = x[(k + 1) % x.length];
            output[k] = (float) ((0.3 + 0.6 * t / 1000) * x[k] + 0.2 * Math.sin(2 * next + 0.01 * t + k));
        }
        return output;
    }

    /** {@code waves} of the script: one draw for the start, then one for each step. */
    private static float[] waves(int stream, int step, int size) {
        int draw = switch (stream) {
            case Noise.START -> 0;
            case Noise.STEP -> step + 1;
            default -> throw new IllegalArgumentException("the reference has no stream " + stream);
        };
        float[] values = new float[size];
        for (int k = 0; k < size; k++) {
            values[k] = (float) (1.2 * Math.sin(2.1 * draw * draw + 0.7 * draw + 1.9 * k + 0.5));
        }
        return values;
    }

    /** The largest difference in any element of any step, relative to the largest element of that step. */
    static double difference(List<float[]> ours, double[][] theirs) {
        double worst = 0;
        for (int step = 0; step < theirs.length; step++) {
            double size = 0;
            double error = 0;
            for (int k = 0; k < theirs[step].length; k++) {
                size = Math.max(size, Math.abs(theirs[step][k]));
                error = Math.max(error, Math.abs(ours.get(step)[k] - theirs[step][k]));
            }
            worst = Math.max(worst, error / size);
        }
        return worst;
    }

    @Override
    public String toString() {
        return String.join(
                " ",
                sampler,
                process.toString(),
                prediction,
                spacing,
                String.valueOf(steps),
                options.toString(),
                torchSeed == null ? "" : "torch " + torchSeed);
    }
}
