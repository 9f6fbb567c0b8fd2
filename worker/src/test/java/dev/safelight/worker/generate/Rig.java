package dev.safelight.worker.generate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.Priority;
import dev.safelight.common.sampling.Denoiser;
import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Noise;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Prediction;
import dev.safelight.common.sampling.Sampler;
import dev.safelight.common.sampling.Setting;
import dev.safelight.common.sampling.Start;
import dev.safelight.common.sampling.guidance.Guidance;
import dev.safelight.common.sampling.guidance.Threshold;
import dev.safelight.common.sampling.sampler.Methods;
import dev.safelight.worker.batch.Batcher;
import dev.safelight.worker.batch.Conditioning;
import dev.safelight.worker.batch.Group;
import dev.safelight.worker.batch.Network;
import dev.safelight.worker.batch.Ticket;
import dev.safelight.worker.batch.Walk;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/** One walk of any sampler over the real batcher and device thread. */
record Rig(Batcher batcher, Network network, Prediction prediction) {

    /** A method as requests name it, on what a bundle offers. */
    float[] sample(String name, Setting setting, Noise noise, int size) {
        Method method = Methods.find(name).orElseThrow();
        assertThat(method.lacking(setting.offer())).isEmpty();
        return open(method.sampler(setting), method.plan(setting), noise, size);
    }

    /** What such a walk begins with. */
    float[] opening(String name, Setting setting, Noise noise, int size) {
        Method method = Methods.find(name).orElseThrow();
        return method.sampler(setting)
                .opening(noise, size)
                .latent(method.plan(setting).level(0), 1);
    }

    private <S extends Record> float[] open(Sampler<S> sampler, Plan plan, Noise noise, int size) {
        return sample(sampler, plan, sampler.opening(noise, size), noise);
    }

    <S extends Record> float[] sample(Sampler<S> sampler, Plan plan, Start start, Noise noise) {
        return sample(sampler, plan, start, noise, UnaryOperator.identity());
    }

    /** @param around what stands between the sampler and the network */
    <S extends Record> float[] sample(
            Sampler<S> sampler, Plan plan, Start start, Noise noise, UnaryOperator<Denoiser> around) {
        return asked(
                denoiser -> sampler.walk(sampler.begin(start, plan), plan, noise, around.apply(denoiser), _ -> {}));
    }

    /** What comes of asking the network. */
    <T> T asked(Function<Denoiser, T> question) {
        return asked(0, Map.of(), Map.of(), question);
    }

    /**
     * @param classifier weight of the gradient of the network {@code guide}
     * @param others networks of other roles
     * @param alongside what each row brings along
     */
    <T> T asked(
            double classifier,
            Map<String, Group> others,
            Map<String, float[]> alongside,
            Function<Denoiser, T> question) {
        Group group = new Group(network, List.of(1), "none");
        Ticket ticket = new Ticket(new JobKey("default", UUID.randomUUID()), Priority.NORMAL, 0, false);
        try (Walk walk = batcher.join(ticket, group, false, 1).getFirst()) {
            return question.apply(new NetworkDenoiser(
                    walk,
                    Guidance.none(),
                    List.of(new Conditioning.Unconditional()),
                    prediction,
                    new Threshold.None(),
                    false,
                    classifier,
                    others,
                    alongside));
        }
    }
}
