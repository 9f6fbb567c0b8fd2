package dev.safelight.worker.generate;

import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.BundleException;
import dev.safelight.common.bundle.Manifest;
import dev.safelight.worker.batch.Batcher;
import dev.safelight.worker.batch.Group;
import dev.safelight.worker.batch.Network;
import dev.safelight.worker.decode.Decoder;
import dev.safelight.worker.decode.Decoders;
import dev.safelight.worker.sample.NoiseSchedule;
import dev.safelight.worker.sample.Prediction;

/** A bundle whose network is on a device: all that a job needs to run. */
public record Model(
        Bundle bundle, Batcher batcher, Group group, NoiseSchedule schedule, Prediction prediction, Decoder decoder) {

    /** @throws BundleException when the manifest names something that this worker does not have */
    static Model of(Bundle bundle, Batcher batcher, Network network) {
        Manifest manifest = bundle.manifest();
        try {
            return new Model(
                    bundle,
                    batcher,
                    new Group(
                            network,
                            manifest.latent().shape(),
                            manifest.conditioning().kind()),
                    schedule(manifest.process().schedule()),
                    Prediction.of(manifest.process().prediction()),
                    Decoders.of(manifest)
                            .orElseThrow(() -> new IllegalArgumentException(
                                    "no decoder is called " + manifest.decoder().kind())));
        } catch (IllegalArgumentException e) {
            throw new BundleException("bundle " + bundle.name() + ": " + e.getMessage(), e);
        }
    }

    /** Number of floats of one latent. */
    public int latentSize() {
        return bundle.manifest().latent().size();
    }

    private static NoiseSchedule schedule(Manifest.Schedule schedule) {
        return switch (schedule.kind()) {
            case "linear" -> NoiseSchedule.linear(schedule.steps(), schedule.betaStart(), schedule.betaEnd());
            case "scaled-linear" ->
                NoiseSchedule.scaledLinear(schedule.steps(), schedule.betaStart(), schedule.betaEnd());
            case "squared-cosine" -> NoiseSchedule.squaredCosine(schedule.steps());
            default -> throw new IllegalArgumentException("no noise schedule is called " + schedule.kind());
        };
    }
}
