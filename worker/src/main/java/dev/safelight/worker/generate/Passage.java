package dev.safelight.worker.generate;

import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.request.Beginning;
import dev.safelight.common.request.Condition;
import dev.safelight.common.request.PriorUse;
import dev.safelight.common.request.Recipe;
import dev.safelight.common.sampling.Denoiser;
import dev.safelight.common.sampling.Noise;
import dev.safelight.common.sampling.Sampler;
import dev.safelight.common.sampling.Start;
import dev.safelight.common.sampling.denoiser.Inpainting;
import dev.safelight.common.sampling.denoiser.MixedScore;
import dev.safelight.common.sampling.denoiser.Residual;
import dev.safelight.common.sampling.guidance.Guidance;
import dev.safelight.worker.batch.Conditioning;
import dev.safelight.worker.batch.Row;
import dev.safelight.worker.batch.Walk;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;

/**
 * One image's walk: where it begins, whom it asks on its way, and what is left to do at its end. All of it follows from the
 * request, the seed and the client's image, so a walk that is taken up elsewhere has the same.
 */
final class Passage {
    /** γ of a mixed score among a bundle's tables. */
    private static final String MIXED_SCORE = "mixed-score";
    /** The law of a prior's codes among a bundle's tables: weight, means and deviations of each normal law in turn. */
    private static final String PRIOR_CODES = "prior-codes";

    private final Model model;
    private final Request request;
    private final Walk walk;
    private final Noise noise;
    private final long seed;
    private final float[] known;
    private final Optional<Known> image;
    private final float[] companion;

    /**
     * @param seed of this image
     * @param image the client's, where the recipe needs it
     */
    Passage(Model model, Request request, Walk walk, long seed, Optional<Known> image) {
        this.model = model;
        this.request = request;
        this.walk = walk;
        this.seed = seed;
        this.image = image;
        this.noise = request.recipe().noise().of(seed, beginning());
        this.known = image.map(original -> original.latent(noise)).orElse(null);
        this.companion = request.recipe()
                .prior()
                .filter(PriorUse::alongside)
                .map(this::imagined)
                .orElse(null);
    }

    Noise noise() {
        return noise;
    }

    /** What is drawn before the first step, in the order of the pipelines of the package diffusers. */
    private List<Integer> beginning() {
        List<Integer> order = new ArrayList<>();
        boolean lawful = image.map(Known::lawful).orElse(false);
        // A network that is shown what is left of the image needs the whole of it only to begin there.
        if (lawful && !(inNoise() && model.takes("mask"))) {
            order.add(Noise.ENCODER);
        }
        order.add(Noise.START);
        if (lawful && request.recipe().masked()) {
            order.add(Noise.MASKED);
        }
        return order;
    }

    private boolean inNoise() {
        return request.recipe().beginning() instanceof Beginning.InNoise;
    }

    /** The first state of the walk. */
    <S extends Record> S begin(Sampler<S> sampler) {
        return sampler.begin(start(sampler), request.recipe().plan());
    }

    private <S extends Record> Start start(Sampler<S> sampler) {
        return switch (request.recipe().beginning()) {
            case Beginning.InNoise _ -> sampler.opening(noise, model.latentSize());
            case Beginning.Inverted _ -> Start.at(known);
            case Beginning.AtImage(boolean degraded) -> degraded ? Start.at(known) : at(sampler, known);
            case Beginning.AtPrior(boolean noisy) -> {
                float[] made = imagined(request.recipe().prior().orElseThrow());
                yield noisy ? Start.at(made) : at(sampler, made);
            }
        };
    }

    private <S extends Record> Start at(Sampler<S> sampler, float[] clean) {
        return (first, _) -> sampler.noised(clean, first, noise);
    }

    /** Whom the walk asks, by the number of steps that are behind. */
    <S extends Record> IntFunction<Denoiser> denoisers(Sampler<S> sampler) {
        Recipe recipe = request.recipe();
        Denoiser whole = around(new NetworkDenoiser(
                walk,
                recipe.guidance(),
                request.conditions(),
                model.recipes().offer().prediction(),
                recipe.threshold(),
                recipe.renoise(),
                recipe.classifier(),
                model.others(),
                alongside()));
        Denoiser denoiser = blends() ? keeping(sampler, whole) : whole;
        if (blends() && inNoise()) {
            // In noise alone there is nothing of the image yet.
            return step -> step == 0 ? whole : denoiser;
        }
        if (!(recipe.beginning() instanceof Beginning.Inverted(int rise, Condition ignored))) {
            return _ -> denoiser;
        }
        // The way up is what the network believes of the image as it is.
        Denoiser plain = around(new NetworkDenoiser(
                walk,
                Guidance.none(),
                List.of(request.source()),
                model.recipes().offer().prediction(),
                recipe.threshold(),
                recipe.renoise(),
                0,
                model.others(),
                alongside()));
        return step -> step < rise ? plain : denoiser;
    }

    private Denoiser around(Denoiser network) {
        Denoiser denoiser = network;
        double[] gamma = model.recipes().offer().table(MIXED_SCORE);
        if (gamma != null) {
            denoiser = new MixedScore(denoiser, gamma);
        }
        if (request.recipe().prior().map(PriorUse::residual).orElse(false)) {
            denoiser = new Residual(denoiser, companion);
        }
        return denoiser;
    }

    private <S extends Record> Denoiser keeping(Sampler<S> sampler, Denoiser denoiser) {
        Noise remembered = new RememberedStart(noise);
        return new Inpainting(
                denoiser, image.orElseThrow().kept(), known, level -> sampler.noised(known, level, remembered));
    }

    /** Networks that were trained with masks see to the kept part themselves. */
    private boolean blends() {
        return request.recipe().masked() && !model.takes("mask");
    }

    /** What the network sees beside the latent, in all its rows. */
    private Map<String, float[]> alongside() {
        Map<String, float[]> more = new HashMap<>();
        if (companion != null && model.takes("image")) {
            more.put("image", companion);
        }
        if (model.takes("mask")) {
            more.put("mask", mask());
        }
        if (model.takes("masked")) {
            more.put(
                    "masked",
                    request.recipe().masked() ? image.orElseThrow().blanked(noise) : new float[model.latentSize()]);
        }
        if (model.takes("loras")) {
            more.put("loras", request.recipe().loraWeights());
        }
        if (model.takes("size")) {
            more.put("size", size());
        }
        if (model.takes("guidance")) {
            more.put("guidance", new float[] {(float) request.recipe().toldGuidance()});
        }
        return more;
    }

    /** What the network is told of the size: as it was, where it was cut, as it is to be (Podell et al. 2023, §2.2). */
    private float[] size() {
        List<Integer> shape = model.bundle().manifest().pictures().shape();
        float height = shape.get(1);
        float width = shape.get(2);
        return new float[] {height, width, 0, 0, height, width};
    }

    /** Without one everything is to be drawn. */
    private float[] mask() {
        List<Integer> shape = model.bundle().manifest().latent().shape();
        float[] mask = new float[shape.get(1) * shape.get(2)];
        if (request.recipe().masked()) {
            return Arrays.copyOf(image.orElseThrow().drawn(), mask.length);
        }
        Arrays.fill(mask, 1);
        return mask;
    }

    /** A walk's last latent as it is to be decoded: what is kept of an image is put back. */
    float[] finished(float[] latent) {
        if (!blends()) {
            return latent;
        }
        return new Inpainting(null, image.orElseThrow().kept(), known, null).finished(latent);
    }

    /** The client's image itself. */
    float[] known() {
        return known;
    }

    /** What the prior network makes of this image's code. */
    private float[] imagined(PriorUse use) {
        Noise source = use.seed() == null ? noise : request.recipe().noise().of(use.seed());
        Manifest.Network network = model.bundle().manifest().networks().get(Manifest.PRIOR);
        Map<String, float[]> more = new HashMap<>();
        if (network.inputs().contains("z")) {
            more.put("z", code(source, network.latentSize()));
        }
        float[] x = network.inputs().contains("x") ? source.unit(Noise.PRIOR, 1, model.latentSize()) : new float[0];
        double time = use.prior().networkTime() == null ? 0 : use.prior().networkTime();
        Conditioning condition = request.conditions().getFirst();
        float[] made = walk.evaluate(
                        model.others().get(Manifest.PRIOR), List.of(new Row(x, (float) time, condition, more)))
                .getFirst();
        return made.length == model.latentSize() ? made : Arrays.copyOf(made, model.latentSize());
    }

    private float[] code(Noise source, int size) {
        float[] code = source.unit(Noise.PRIOR, 0, size);
        double[] laws = model.recipes().offer().table(PRIOR_CODES);
        if (laws == null) {
            return code;
        }
        int stride = 1 + 2 * size;
        float choice = source.uniform(Noise.PRIOR, 2, 1)[0];
        int at = 0;
        double below = laws[0];
        while (choice > below && at + stride < laws.length) {
            at += stride;
            below += laws[at];
        }
        for (int i = 0; i < size; i++) {
            code[i] = (float) (laws[at + 1 + i] + laws[at + 1 + size + i] * code[i]);
        }
        return code;
    }

    /** The first noise of a walk, which a kept image has at every level, is not drawn anew each time. */
    private static final class RememberedStart implements Noise {
        private final Noise source;
        private float[] start;

        RememberedStart(Noise source) {
            this.source = source;
        }

        @Override
        public float[] unit(int stream, int step, int size) {
            if (stream != START || step != 0) {
                return source.unit(stream, step, size);
            }
            if (start == null || start.length != size) {
                start = source.unit(stream, step, size);
            }
            return start;
        }

        @Override
        public float[] uniform(int stream, int step, int size) {
            return source.uniform(stream, step, size);
        }
    }
}
