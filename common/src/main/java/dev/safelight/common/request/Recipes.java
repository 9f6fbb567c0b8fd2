package dev.safelight.common.request;

import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.BundleException;
import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.bundle.Offers;
import dev.safelight.common.request.Recipe.Impossible;
import dev.safelight.common.request.Recipe.Possible;
import dev.safelight.common.request.Recipe.Reading;
import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Need;
import dev.safelight.common.sampling.Offer;
import dev.safelight.common.sampling.Option;
import dev.safelight.common.sampling.OptionRefused;
import dev.safelight.common.sampling.Setting;
import dev.safelight.common.sampling.Spacing;
import dev.safelight.common.sampling.Values;
import dev.safelight.common.sampling.guidance.GuidanceOptions;
import dev.safelight.common.sampling.noise.NoiseSource;
import dev.safelight.common.sampling.sampler.Methods;
import dev.safelight.common.sampling.schedule.Layouts;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Makes recipes of inputs for one bundle. */
public final class Recipes {
    private final Manifest manifest;
    private final Offer offer;
    private final List<Method> methods;
    /** Of all samplers, also of those that the bundle cannot run. */
    private final Set<String> optionNames;

    private final Conditions conditions;
    private final Beginnings beginnings;

    /** @throws BundleException when the manifest names a sampler that the bundle itself cannot run */
    public Recipes(Bundle bundle) {
        this.manifest = bundle.manifest();
        this.offer = Offers.of(bundle);
        try {
            this.conditions = Conditions.of(manifest);
            this.beginnings = new Beginnings(manifest, offer, conditions);
        } catch (IllegalArgumentException e) {
            throw new BundleException("bundle " + bundle.name() + ": " + e.getMessage(), e);
        }
        this.methods = Methods.all().stream()
                .filter(method -> manifest.samplers() == null
                        ? method.lacking(offer).isEmpty()
                        : manifest.samplers().contains(method.name()))
                .toList();
        for (Method method : methods) {
            if (!method.lacking(offer).isEmpty()) {
                throw new BundleException("bundle " + bundle.name() + ": " + lack(method));
            }
        }
        if (methods.stream()
                .noneMatch(method -> method.name().equals(manifest.defaults().sampler()))) {
            throw new BundleException("bundle " + bundle.name() + ": the default sampler cannot be run: "
                    + manifest.defaults().sampler());
        }
        String sigmas = manifest.defaults().sigmas();
        if (sigmas != null && !Layouts.SIGMAS.words().contains(sigmas)) {
            throw new BundleException("bundle " + bundle.name() + ": the default sigmas are not known: " + sigmas);
        }
        this.optionNames = Methods.all().stream()
                .flatMap(method -> options(method).stream())
                .map(Option::name)
                .collect(Collectors.toUnmodifiableSet());
    }

    public Offer offer() {
        return offer;
    }

    /** The samplers that requests may name. */
    public List<Method> methods() {
        return methods;
    }

    /** The options that requests may give together with a sampler. */
    public List<Option<?>> options(Method method) {
        return Stream.of(
                        method.allOptions(),
                        conditions.options(),
                        beginnings.options(method),
                        PictureSize.options(manifest),
                        LoraChoice.options(manifest),
                        classified() ? List.<Option<?>>of(GuidanceOptions.CLASSIFIER) : List.<Option<?>>of(),
                        GuidanceOptions.ofAll(),
                        List.of(NoiseSource.NOISE, ImageFormat.OPTION))
                .flatMap(List::stream)
                .collect(Collectors.toList());
    }

    /** An option that no sampler has, nor anything else that is known here; empty where all are known. */
    public Optional<String> stranger(GenerationInput input) {
        return input.options().keySet().stream()
                .filter(name -> !optionNames.contains(name))
                .findFirst();
    }

    /** Whether the network was also trained without a condition. */
    public boolean guidable() {
        return conditions.guidable();
    }

    /** Whether the network takes the weight of guidance as an input. */
    public boolean toldGuidance() {
        return conditions.toldGuidance();
    }

    /** Why the model has no such field, where others have; empty when nothing is known of it. */
    public Optional<String> refusalOf(String field) {
        boolean guides = List.of("negative_prompt", "guidance_rescale", "guidance_sigma_min", "guidance_sigma_max")
                .contains(field);
        if (guides && toldGuidance()) {
            return Optional.of("model " + manifest.name()
                    + " is told its guidance: it answers once for each step, and has nothing to get away from");
        }
        return switch (field) {
            case "class" -> lackOf("classes");
            case "factors" -> lackOf("factors");
            case "prompt", "negative_prompt", "prompt_weighting", "clip_skip" -> lackOf("text encoder");
            case "width", "height" -> lackOf("sizes to choose from");
            case "loras" -> lackOf("LoRAs to choose from");
            case "compose", "negative", "guidance", "guidance_rescale", "guidance_sigma_min", "guidance_sigma_max" ->
                guidable()
                        ? lackOf("classes or factors, which " + field + " is about")
                        : lackOf("guidance: it was not trained to draw without a condition");
            case "classifier_guidance" -> lackOf("network \"" + Offers.GUIDE + "\" that says which way a class lies");
            default ->
                beginnings
                        .refusal(field)
                        .map(reason -> reason + " (" + manifest.name() + ")")
                        .or(() -> refusalOfTakers(field));
        };
    }

    /** Of a field that only samplers have which the model does not offer. */
    private Optional<String> refusalOfTakers(String field) {
        List<String> takers = Methods.all().stream()
                .filter(method -> method.allOptions().stream()
                        .anyMatch(option -> option.name().equals(field)))
                .map(Method::name)
                .toList();
        return takers.stream()
                .findFirst()
                .flatMap(this::refusal)
                .map(reason -> field + " is an option of " + String.join(", ", takers) + "; " + reason);
    }

    private Optional<String> lackOf(String what) {
        return Optional.of("model " + manifest.name() + " has no " + what);
    }

    /** What an input becomes where it says nothing of an option; null when it stays unsaid. */
    public Object fallback(Option<?> option, Values said) {
        if (option.equals(Layouts.SIGMAS)) {
            // Times that are named leave nothing to lay out.
            return said.has(Layouts.TIMESTEPS) ? null : manifest.defaults().sigmas();
        }
        return beginnings.fallback(option, said);
    }

    /** Whether there is a network that says which way a class lies. */
    private boolean classified() {
        return takesClass() && offer.roles().contains(Offers.GUIDE);
    }

    private boolean takesClass() {
        return manifest.conditioning().kind().equals("class");
    }

    /** Why the bundle cannot run a sampler, or does not want to; empty when it can. */
    public Optional<String> refusal(String sampler) {
        Optional<Method> known = Methods.find(sampler);
        if (known.isEmpty()) {
            return Optional.of("no sampler is called " + sampler);
        }
        if (methods.contains(known.get())) {
            return Optional.empty();
        }
        return Optional.of(
                known.get().lacking(offer).isEmpty()
                        ? "model " + manifest.name() + " does not offer the sampler " + sampler
                        : lack(known.get()));
    }

    private String lack(Method method) {
        return "the sampler " + method.name() + " needs "
                + method.lacking(offer).stream().map(Need::name).collect(Collectors.joining(" and ")) + ", which model "
                + manifest.name() + " does not have";
    }

    /**
     * Reads a resolved input. Options of other samplers are left alone: jobs of an older version may bring some.
     */
    public Reading read(GenerationInput input) {
        Optional<String> refusal = refusal(input.sampler());
        if (refusal.isPresent()) {
            return impossible("unsupported_by_model", "sampler", refusal.get());
        }
        if (input.steps() < 1) {
            return impossible("out_of_range", "steps", "steps must be at least 1, not " + input.steps());
        }
        Optional<Spacing> spacing = Spacing.find(input.spacing());
        if (spacing.isEmpty()) {
            return impossible("invalid_value", "spacing", "no spacing is called " + input.spacing());
        }
        Method method = Methods.find(input.sampler()).orElseThrow();
        Values values = new Values(input.options());
        for (Option<?> option : options(method)) {
            try {
                values.get(option);
            } catch (IllegalArgumentException e) {
                return impossible("invalid_value", option.name(), e.getMessage());
            }
        }
        int times = values.find(Layouts.TIMESTEPS).map(List::size).orElse(input.steps());
        if (times != input.steps()) {
            return impossible("out_of_range", "timesteps", "there must be as many timesteps as steps");
        }
        List<Problem> problems = conditionProblems(input, values);
        if (!problems.isEmpty()) {
            return new Impossible(problems);
        }
        Setting setting = new Setting(
                sized(input), input.steps(), spacing.get(), values.with(GuidanceOptions.WEIGHT, weight(input, values)));
        try {
            Beginnings.Way way = beginnings.way(method, method.plan(setting), input, values);
            return new Possible(new Recipe(
                    method,
                    method.sampler(setting),
                    way.plan(),
                    conditions.guidance(input, values),
                    conditions.conditions(input, values),
                    GuidanceOptions.threshold(
                            values,
                            manifest.latent().range().getFirst(),
                            manifest.latent().range().getLast()),
                    values.get(GuidanceOptions.RENOISE),
                    classified() ? values.get(GuidanceOptions.CLASSIFIER) : 0,
                    NoiseSource.of(values),
                    way.beginning(),
                    way.masked(),
                    way.prior(),
                    input.guidance(),
                    LoraChoice.weights(manifest, values)));
        } catch (InputRefused e) {
            return new Impossible(List.of(e.problem()));
        } catch (OptionRefused e) {
            return impossible("unsupported_by_model", e.option(), e.getMessage());
        } catch (IllegalArgumentException e) {
            return impossible("out_of_range", values.has(Layouts.TIMESTEPS) ? "timesteps" : "steps", e.getMessage());
        }
    }

    /** The noise levels of some flows depend on the picture's size. */
    private Offer sized(GenerationInput input) {
        PictureSize size = PictureSize.of(manifest, input);
        return manifest.sizes() == null
                ? offer
                : Offers.sized(offer, manifest, manifest.sized(size.width(), size.height()));
    }

    private static Reading impossible(String code, String field, String detail) {
        return new Impossible(List.of(new Problem(code, field, detail)));
    }

    /** Of the guidance, as the network's answer shows it: 1 is as it was trained, 0 without a condition. */
    private double weight(GenerationInput input, Values values) {
        if (!guidable()) {
            return 1;
        }
        return conditions.given(input, values) ? input.guidance() : 0;
    }

    /** What is wrong with the conditions, and with how they are to act. */
    private List<Problem> conditionProblems(GenerationInput input, Values values) {
        List<Problem> problems = new ArrayList<>(conditions.problems(input, values));
        problems.addAll(PictureSize.problems(manifest, values));
        if (classified() && input.label() == null && values.get(GuidanceOptions.CLASSIFIER) != 0) {
            problems.add(new Problem("invalid_value", "classifier_guidance", "needs a class to be guided to"));
        }
        if (GuidanceOptions.interval(values).isEmpty()) {
            problems.add(new Problem("invalid_value", "guidance_sigma_min", "must not exceed guidance_sigma_max"));
        }
        return problems;
    }
}
