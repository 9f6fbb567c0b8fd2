package dev.safelight.worker.generate;

import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.BundleException;
import dev.safelight.common.bundle.InputShape;
import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.Priority;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.request.PictureSize;
import dev.safelight.common.request.Recipes;
import dev.safelight.worker.batch.Batcher;
import dev.safelight.worker.batch.Conditioning;
import dev.safelight.worker.batch.EvaluationStopped;
import dev.safelight.worker.batch.Group;
import dev.safelight.worker.batch.Network;
import dev.safelight.worker.batch.Row;
import dev.safelight.worker.batch.Ticket;
import dev.safelight.worker.batch.Walk;
import dev.safelight.worker.decode.Decoder;
import dev.safelight.worker.decode.Decoders;
import dev.safelight.worker.decode.LatentPreview;
import dev.safelight.worker.decode.Picture;
import dev.safelight.worker.decode.Tiling;
import dev.safelight.worker.encode.Fitting;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/**
 * A bundle whose networks are on a device: all that a job needs to run.
 *
 * @param group of the denoiser's rows
 * @param decoder of a clean latent, or of what the network of the role {@code decoder} makes of one
 * @param others groups of the networks of other roles, by role
 * @param aside where networks run that read prompts and decode latents, so that no walk waits for them
 * @param prompts what the text network made of prompts; null where there is none
 */
public record Model(
        Bundle bundle,
        Batcher batcher,
        Group group,
        Recipes recipes,
        Decoder decoder,
        Map<String, Group> others,
        Batcher aside,
        Prompts prompts) {
    private static final Set<String> OF_ONE_SHAPE = Set.of(Manifest.TEXT);

    /** A bundle that is nothing but a denoiser. */
    public Model(Bundle bundle, Batcher batcher, Group group, Recipes recipes, Decoder decoder) {
        this(bundle, batcher, group, recipes, decoder, Map.of(), batcher, null);
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
                                    "no decoder is called " + manifest.decoder().kind())),
                    Map.of(),
                    batcher,
                    null);
        } catch (IllegalArgumentException e) {
            throw new BundleException("bundle " + bundle.name() + ": " + e.getMessage(), e);
        }
    }

    /** The same with another denoiser. */
    public Model with(Network denoiser) {
        return new Model(
                bundle,
                batcher,
                new Group(denoiser, group.shape(), group.layout()),
                recipes,
                decoder,
                others,
                aside,
                prompts);
    }

    Model with(String role, Network network) {
        Map<String, Group> more = new HashMap<>(others);
        more.put(role, new Group(network, group.shape(), role));
        return new Model(bundle, batcher, group, recipes, decoder, Map.copyOf(more), aside, prompts);
    }

    Model with(Batcher other, Prompts read) {
        return new Model(bundle, batcher, group, recipes, decoder, others, other, read);
    }

    /** The same model for pictures of the size that an input asks for. */
    Model sized(GenerationInput input) {
        Manifest manifest = bundle.manifest();
        if (manifest.sizes() == null) {
            return this;
        }
        PictureSize size = PictureSize.of(manifest, input);
        List<Integer> own = manifest.pictures().shape();
        if (size.equals(new PictureSize(own.get(2), own.get(1)))) {
            return this;
        }
        Manifest other = manifest.sized(size.width(), size.height());
        Map<String, Group> groups = new HashMap<>();
        others.forEach((role, one) -> groups.put(role, OF_ONE_SHAPE.contains(role) ? one : sized(one, role, other)));
        return new Model(
                new Bundle(other, bundle.folder(), bundle.version()),
                batcher,
                sized(group, Manifest.DENOISER, other),
                recipes,
                Decoders.of(other).orElseThrow(),
                Map.copyOf(groups),
                aside,
                prompts);
    }

    /** Larger pictures leave room for fewer of them. */
    private Group sized(Group one, String role, Manifest other) {
        Network network = unshaped(one);
        int rows = Math.clamp(
                (long) network.maxRows() * latentSize() / other.latent().size(), 1, network.maxRows());
        return new Group(
                new Network.Shaped(network, InputShape.all(other, role), rows),
                other.latent().shape(),
                one.layout());
    }

    /** For pictures that show how a walk gets on. */
    public Decoder preview() {
        return bundle.manifest().decoder().kind().equals("network")
                ? LatentPreview.of(bundle.manifest(), recipes.offer().table(LatentPreview.TABLE))
                : decoder;
    }

    /**
     * Whether the denoiser still runs what it ran when it was loaded: a row of zeros of the bundle's own size, so not for a
     * model {@link #sized}. Where it does not, no row is to blame for having failed.
     */
    public boolean answers() {
        Ticket ticket = new Ticket(new JobKey("", UUID.randomUUID()), Priority.NORMAL, Long.MAX_VALUE, true);
        try (Walk walk = batcher.join(ticket, group, true, 1).getFirst()) {
            walk.evaluate(List.of(BlankRow.of(bundle.manifest(), Manifest.DENOISER)));
            return true;
        } catch (EvaluationStopped.DeviceFailed e) {
            return e.outOfMemory();
        } catch (EvaluationStopped e) {
            return true; // the worker is closing: nothing speaks against its device
        }
    }

    /** The picture of a clean latent. Where a network makes it, that runs aside. */
    Picture picture(float[] latent, Ticket ticket) {
        Group network = others.get(Manifest.DECODER);
        if (network == null) {
            return decoder.decode(latent);
        }
        for (float value : latent) {
            if (!Float.isFinite(value)) {
                throw new Decoder.NotFinite();
            }
        }
        return decoder.decode(tiled() ? tiled(latent, network, ticket) : decoded(latent, network, ticket));
    }

    /**
     * What the bundle's network for safety says of pictures, the higher the worse; none where there is no such network.
     *
     * @param strict whether each has a call of its own, so that its score depends on nothing else
     * @throws dev.safelight.worker.batch.EvaluationStopped while it runs
     */
    public double[] scores(List<Picture> pictures, Ticket ticket, boolean strict) {
        Group network = others.get(Manifest.SAFETY);
        if (network == null) {
            return new double[0];
        }
        double[] scores = new double[pictures.size()];
        int most = strict ? 1 : network.network().maxRows();
        try (Walk walk = aside.join(ticket, network, strict, 1).getFirst()) {
            for (int first = 0; first < scores.length; first += most) {
                List<float[]> answers =
                        walk.evaluate(pictures.subList(first, Math.min(first + most, scores.length)).stream()
                                .map(picture -> new Row(
                                        Fitting.picture(
                                                picture, bundle.manifest().pictures()),
                                        0,
                                        new Conditioning.Unconditional()))
                                .toList());
                for (int i = 0; i < answers.size(); i++) {
                    scores[first + i] = worst(answers.get(i));
                }
            }
        }
        return scores;
    }

    /** A network may say several things of a picture. */
    private static double worst(float[] answer) {
        double worst = Double.NEGATIVE_INFINITY;
        for (float score : answer) {
            worst = Math.max(worst, score); // one that is no number stays
        }
        return worst;
    }

    /** In a call of its own: between two of them other jobs have theirs. */
    private float[] decoded(float[] latent, Group network, Ticket ticket) {
        try (Walk walk = aside.join(ticket, network, true, 1).getFirst()) {
            return walk.evaluate(List.of(new Row(latent, 0, new Conditioning.Unconditional())))
                    .getFirst();
        }
    }

    /** By the picture's size and nothing else: every worker makes the same picture. */
    private boolean tiled() {
        List<Integer> picture = bundle.manifest().pictures().shape();
        Manifest.Tiles tiles = bundle.manifest().decoder().tiles();
        return tiles != null && picture.get(1) * picture.get(2) > tiles.pixels();
    }

    private float[] tiled(float[] latent, Group network, Ticket ticket) {
        Manifest manifest = bundle.manifest();
        List<Integer> whole = manifest.latent().shape();
        List<Integer> picture = manifest.pictures().shape();
        int factor = picture.get(1) / whole.get(1);
        Tiling tiling = new Tiling(whole, manifest.decoder().tiles());
        List<Integer> tile = tiling.tileShape();
        Manifest small = manifest.sized(factor * tile.get(2), factor * tile.get(1));
        Group part = new Group(
                new Network.Shaped(unshaped(network), InputShape.all(small, Manifest.DECODER), 1),
                tile,
                network.layout());
        return tiling.decoded(latent, picture.get(0), factor, square -> decoded(square, part, ticket));
    }

    /** Of a network that was made for another size, what it was made of. */
    private static Network unshaped(Group one) {
        return one.network() instanceof Network.Shaped shaped ? shaped.network() : one.network();
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
