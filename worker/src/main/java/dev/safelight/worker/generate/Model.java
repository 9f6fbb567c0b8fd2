package dev.safelight.worker.generate;

import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.BundleException;
import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.request.Recipes;
import dev.safelight.worker.batch.Batcher;
import dev.safelight.worker.batch.Group;
import dev.safelight.worker.batch.Network;
import dev.safelight.worker.decode.Decoder;
import dev.safelight.worker.decode.Decoders;
import java.util.HashMap;
import java.util.Map;

/**
 * A bundle whose networks are on a device: all that a job needs to run.
 *
 * @param group of the denoiser's rows
 * @param others groups of the networks of other roles, by role
 */
public record Model(
        Bundle bundle, Batcher batcher, Group group, Recipes recipes, Decoder decoder, Map<String, Group> others) {

    /** A bundle that is nothing but a denoiser. */
    public Model(Bundle bundle, Batcher batcher, Group group, Recipes recipes, Decoder decoder) {
        this(bundle, batcher, group, recipes, decoder, Map.of());
    }

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
                    new Recipes(bundle),
                    Decoders.of(manifest)
                            .orElseThrow(() -> new IllegalArgumentException(
                                    "no decoder is called " + manifest.decoder().kind())));
        } catch (IllegalArgumentException e) {
            throw new BundleException("bundle " + bundle.name() + ": " + e.getMessage(), e);
        }
    }

    /** The same with another denoiser. */
    public Model with(Network denoiser) {
        return new Model(bundle, batcher, new Group(denoiser, group.shape(), group.layout()), recipes, decoder, others);
    }

    Model with(String role, Network network) {
        Map<String, Group> more = new HashMap<>(others);
        more.put(role, new Group(network, group.shape(), role));
        return new Model(bundle, batcher, group, recipes, decoder, Map.copyOf(more));
    }

    /** Whether the denoiser has an input of that name. */
    boolean takes(String input) {
        return bundle.manifest().networks().get(Manifest.DENOISER).inputs().contains(input);
    }

    /** Number of floats of one latent. */
    public int latentSize() {
        return bundle.manifest().latent().size();
    }
}
