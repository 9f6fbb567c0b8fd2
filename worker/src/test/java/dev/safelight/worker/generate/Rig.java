package dev.safelight.worker.generate;

import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.Priority;
import dev.safelight.common.sampling.Noise;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Prediction;
import dev.safelight.common.sampling.Sampler;
import dev.safelight.common.sampling.Start;
import dev.safelight.common.sampling.guidance.Guidance;
import dev.safelight.worker.batch.Batcher;
import dev.safelight.worker.batch.Conditioning;
import dev.safelight.worker.batch.Group;
import dev.safelight.worker.batch.Network;
import dev.safelight.worker.batch.Ticket;
import dev.safelight.worker.batch.Walk;
import java.util.List;
import java.util.UUID;

/** One walk of any sampler over the real batcher and device thread. */
record Rig(Batcher batcher, Network network, Prediction prediction) {

    <S extends Record> float[] sample(Sampler<S> sampler, Plan plan, Start start, Noise noise) {
        Group group = new Group(network, List.of(1), "none");
        Ticket ticket = new Ticket(new JobKey("default", UUID.randomUUID()), Priority.NORMAL, 0, false);
        try (Walk walk = batcher.join(ticket, group, false, 1).getFirst()) {
            NetworkDenoiser denoiser =
                    new NetworkDenoiser(walk, Guidance.none(), List.of(new Conditioning.Unconditional()), prediction);
            return sampler.walk(sampler.begin(start, plan), plan, noise, denoiser, _ -> {});
        }
    }
}
