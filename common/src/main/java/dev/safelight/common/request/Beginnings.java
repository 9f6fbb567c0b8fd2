package dev.safelight.common.request;

import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Offer;
import dev.safelight.common.sampling.Option;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Process;
import dev.safelight.common.sampling.Values;
import dev.safelight.common.sampling.sampler.Ddim;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Where walks of one bundle may begin: in noise, at an image of the client, at a picture of the bundle's prior. */
final class Beginnings {
    private static final Option.Image IMAGE = new Option.Image(
            "image",
            "An image to start from: the id of an uploaded file, a data URL or an https URL; it is scaled and cropped to the"
                    + " model's size");
    private static final Option.Image MASK = new Option.Image(
            "mask", "Which part of the image is to be drawn: white is drawn, black is kept; given like image");
    private static final Option.Real STRENGTH = new Option.Real(
            "strength",
            "How far the image is noised, as a fraction of the steps: 0 returns it, 1 starts from noise alone; with a mask"
                    + " 1 when omitted",
            0,
            1,
            0.8);
    private static final Option.Flag DEGRADED =
            new Option.Flag("degraded", "The image is degraded already, as far as strength says", false);
    private static final Option.Word START = new Option.Word(
            "start",
            "What a walk begins with: noise, or what the model's prior makes up, which needs fewer steps",
            List.of("noise", "prior"),
            null);
    private static final Option.Real START_TIME = new Option.Real(
            "start_time", "At which time a walk from the prior begins, in the process's own unit", 0, 1e6, null);
    private static final Option.Seed PRIOR_SEED = new Option.Seed(
            "prior_seed",
            "Seed of the prior's code, the same for all images of the job; omitted, each image's code has its own seed");

    /** Rounding must not take a step away. */
    private static final double ROUNDING = 1e-9;

    private final Manifest manifest;
    private final Offer offer;
    private final Conditions conditions;

    Beginnings(Manifest manifest, Offer offer, Conditions conditions) {
        this.manifest = manifest;
        this.offer = offer;
        this.conditions = conditions;
        if (manifest.prior() != null) {
            check(manifest.prior());
        }
    }

    private void check(Manifest.Prior prior) {
        require(offer.roles().contains(Manifest.PRIOR), "prior needs a network of that role");
        require(
                List.of("start", "truncated", "condition", "residual").contains(prior.kind()),
                "no prior is called " + prior.kind());
        require(prior.time() != null || !startsWalks(prior), "prior.time must say where walks begin");
        require(
                !prior.kind().equals("residual")
                        || manifest.process().prediction().equals("epsilon"),
                "a residual prior needs the prediction epsilon");
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException(otherwise);
        }
    }

    private static boolean startsWalks(Manifest.Prior prior) {
        return prior.kind().equals("start") || prior.kind().equals("truncated");
    }

    /**
     * How a walk goes.
     *
     * @param plan all of its steps
     * @param masked whether a part of the image is kept
     */
    record Way(Plan plan, Beginning beginning, boolean masked, Optional<PriorUse> prior) {}

    /** Fields that requests may give together with a sampler. */
    List<Option<?>> options(Method method) {
        List<Option<?>> options = new ArrayList<>();
        if (imageRefusal().isEmpty()) {
            options.addAll(List.of(IMAGE, STRENGTH, MASK));
            if (offer.process().kind() == Process.Kind.COLD) {
                options.add(DEGRADED);
            }
            if (method.options().contains(Ddim.INVERSION)) {
                conditions.source().ifPresent(options::add);
            }
        }
        if (manifest.prior() != null) {
            options.add(PRIOR_SEED);
            if (manifest.prior().kind().equals("start")) {
                options.addAll(List.of(START, START_TIME));
            }
        }
        return options;
    }

    /** Why a field that other models have is none of this one's; empty when nothing is known of it. */
    Optional<String> refusal(String field) {
        return switch (field) {
            case "image", "mask", "strength", "inversion" -> imageRefusal();
            case "degraded" -> Optional.of("only models of cold diffusion take images that are degraded already");
            case "start", "start_time", "prior_seed" ->
                Optional.of(
                        manifest.prior() == null
                                ? "the model has no prior to start from"
                                : "the model's prior is part of every walk: there is no choice");
            case "source" -> Optional.of("only ddim inverts images, of models that know what they show");
            default -> Optional.empty();
        };
    }

    private Optional<String> imageRefusal() {
        if (offer.process().kind() == Process.Kind.LEARNED) {
            return Optional.of("a learned process has no way to noise an image");
        }
        if (!manifest.decoder().kind().equals("pixels") && !offer.roles().contains(Manifest.ENCODER)) {
            return Optional.of("the model has no network \"" + Manifest.ENCODER + "\" to read images with");
        }
        int dimensions = manifest.pictures().shape().size();
        return dimensions == 3 ? Optional.empty() : Optional.of("what the model makes are no pictures");
    }

    /** What is written into the input where nothing was said; null when nothing. */
    Object fallback(Option<?> option, Values values) {
        if (!option.equals(STRENGTH) || !values.has(IMAGE)) {
            return null;
        }
        return values.has(MASK) || offer.process().kind() == Process.Kind.COLD ? (Object) 1.0 : STRENGTH.fallback();
    }

    /**
     * @param whole a plan from noise to data
     * @throws InputRefused when the values contradict each other or the model
     */
    Way way(Method method, Plan whole, GenerationInput input, Values values) {
        Optional<PriorUse> prior = prior(values);
        if (prior.isPresent() && takesClass() && !conditions.given(input, values)) {
            throw new InputRefused(
                    "invalid_value", "class", "the model's prior makes up pictures of one class: name one");
        }
        if (values.has(IMAGE)) {
            imageRefusal().ifPresent(reason -> {
                throw new InputRefused("unsupported_by_model", IMAGE.name(), reason);
            });
            return atImage(method, whole, input, values, prior.filter(PriorUse::alongside));
        }
        for (Option<?> option : List.of(MASK, STRENGTH, DEGRADED, Ddim.INVERSION)) {
            boolean said = values.has(option) && !Boolean.FALSE.equals(values.get(option));
            if (said) {
                throw new InputRefused("invalid_value", option.name(), option.name() + " needs an image");
            }
        }
        if (prior.isPresent() && startsWalks(prior.get().prior())) {
            Level first = first(values);
            boolean noisy = prior.get().prior().kind().equals("truncated");
            return new Way(whole.from(first), new Beginning.AtPrior(noisy), false, prior);
        }
        return new Way(whole, new Beginning.InNoise(), false, prior);
    }

    private Way atImage(Method method, Plan whole, GenerationInput input, Values values, Optional<PriorUse> prior) {
        double strength = values.find(STRENGTH)
                .orElseGet(() -> fallback(STRENGTH, values) instanceof Double known ? known : STRENGTH.fallback());
        boolean masked = values.has(MASK);
        int kept = (int) Math.floor(strength * whole.steps() + ROUNDING);
        Plan plan = whole.last(kept);
        boolean degraded = offer.process().kind() == Process.Kind.COLD && values.get(DEGRADED);
        if (method.options().contains(Ddim.INVERSION) && values.get(Ddim.INVERSION)) {
            if (masked) {
                throw new InputRefused("invalid_value", "inversion", "inversion and a mask exclude each other");
            }
            Condition source = conditions.source(input, values);
            Plan both = plan.thereAndBack();
            return new Way(both, new Beginning.Inverted(both.steps() - kept, source), false, prior);
        }
        // Nothing is left of the image in noise alone, and the last level of some processes still shows some of it.
        boolean fromNoise = kept == whole.steps() && offer.process().kind() != Process.Kind.COLD;
        return new Way(plan, fromNoise ? new Beginning.InNoise() : new Beginning.AtImage(degraded), masked, prior);
    }

    private boolean takesClass() {
        return manifest.networks().get(Manifest.PRIOR).inputs().contains("class");
    }

    private Level first(Values values) {
        double time = values.find(START_TIME).orElse(manifest.prior().time());
        if (!offer.process().trainedAt(time)) {
            throw new InputRefused(
                    "out_of_range",
                    "start_time",
                    "start_time must be a time that the network was trained at, not " + time);
        }
        return offer.process().level(time);
    }

    private Optional<PriorUse> prior(Values values) {
        Manifest.Prior prior = manifest.prior();
        if (prior == null) {
            return Optional.empty();
        }
        boolean byDefault = prior.asked() == null || prior.asked();
        boolean asked = prior.kind().equals("start")
                ? values.find(START).map("prior"::equals).orElse(byDefault)
                : true;
        if (!asked && (values.has(START_TIME) || values.has(PRIOR_SEED))) {
            String field = values.has(START_TIME) ? START_TIME.name() : PRIOR_SEED.name();
            throw new InputRefused("invalid_value", field, field + " needs \"start\": \"prior\"");
        }
        return asked ? Optional.of(new PriorUse(prior, values.get(PRIOR_SEED))) : Optional.empty();
    }
}
