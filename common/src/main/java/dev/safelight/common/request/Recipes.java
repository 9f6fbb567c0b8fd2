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
import dev.safelight.common.sampling.guidance.Guidance;
import dev.safelight.common.sampling.guidance.GuidanceOptions;
import dev.safelight.common.sampling.noise.NoiseSource;
import dev.safelight.common.sampling.sampler.Methods;
import dev.safelight.common.sampling.schedule.Layouts;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Makes recipes of inputs for one bundle. */
public final class Recipes {
    private final Manifest manifest;
    private final Offer offer;
    private final List<Method> methods;

    /** @throws BundleException when the manifest names a sampler that the bundle itself cannot run */
    public Recipes(Bundle bundle) {
        this.manifest = bundle.manifest();
        this.offer = Offers.of(bundle);
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
                        guidable() ? GuidanceOptions.ofClasses() : List.<Option<?>>of(),
                        classified() ? List.<Option<?>>of(GuidanceOptions.CLASSIFIER) : List.<Option<?>>of(),
                        GuidanceOptions.ofAll(),
                        List.of(NoiseSource.NOISE))
                .flatMap(List::stream)
                .collect(Collectors.toList());
    }

    /** Whether the network was also trained without a class. */
    public boolean guidable() {
        return takesClass() && manifest.conditioning().nullIndex() != null;
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
     * Reads a resolved input. Options that the sampler does not know are left alone: jobs of an older version may bring
     * some.
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
        Setting setting = new Setting(offer, input.steps(), spacing.get(), values);
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
        try {
            return new Possible(new Recipe(
                    method,
                    method.sampler(setting),
                    method.plan(setting),
                    guidance(input, values),
                    labels(input, values),
                    GuidanceOptions.threshold(
                            values,
                            manifest.latent().range().getFirst(),
                            manifest.latent().range().getLast()),
                    values.get(GuidanceOptions.RENOISE),
                    classified() ? values.get(GuidanceOptions.CLASSIFIER) : 0,
                    NoiseSource.of(values)));
        } catch (OptionRefused e) {
            return impossible("unsupported_by_model", e.option(), e.getMessage());
        } catch (IllegalArgumentException e) {
            return impossible("out_of_range", values.has(Layouts.TIMESTEPS) ? "timesteps" : "steps", e.getMessage());
        }
    }

    private static Reading impossible(String code, String field, String detail) {
        return new Impossible(List.of(new Problem(code, field, detail)));
    }

    private List<Problem> conditionProblems(GenerationInput input, Values values) {
        if (!takesClass()) {
            return List.of();
        }
        List<Problem> problems = new ArrayList<>();
        Optional<List<Option.Terms.Term>> terms = values.find(GuidanceOptions.COMPOSE);
        Optional<String> negative = values.find(GuidanceOptions.NEGATIVE);
        if (input.label() != null) {
            known(input.label(), "class", problems);
        }
        terms.ifPresent(list -> {
            if (input.label() != null) {
                problems.add(new Problem("invalid_value", "compose", "takes the place of class: give one of the two"));
            }
            for (int i = 0; i < list.size(); i++) {
                known(list.get(i).label(), "compose/" + i + "/class", problems);
            }
        });
        negative.ifPresent(label -> {
            known(label, "negative", problems);
            if (input.label() == null && terms.isEmpty()) {
                problems.add(new Problem(
                        "invalid_value", "negative", "needs a class to get to, not only one to get away from"));
            }
        });
        if (input.label() == null && classified() && values.get(GuidanceOptions.CLASSIFIER) != 0) {
            problems.add(new Problem("invalid_value", "classifier_guidance", "needs a class to be guided to"));
        }
        boolean asksForNone =
                labels(input, values).contains(null) && guidance(input, values).needsLast();
        if (!guidable() && asksForNone) {
            problems.add(new Problem(
                    "invalid_value",
                    "guidance",
                    "the model was not trained without classes: name one, and leave guidance at 1"));
        }
        return problems;
    }

    private void known(String label, String field, List<Problem> problems) {
        if (!manifest.conditioning().classes().contains(label)) {
            problems.add(new Problem("invalid_value", field, "the model has no class " + label));
        }
    }

    /** The condition to get away from comes last. */
    private List<String> labels(GenerationInput input, Values values) {
        List<String> labels = new ArrayList<>();
        if (takesClass()) {
            values.find(GuidanceOptions.COMPOSE)
                    .ifPresentOrElse(
                            terms -> terms.forEach(term -> labels.add(term.label())), () -> labels.add(input.label()));
            if (input.label() != null || values.has(GuidanceOptions.COMPOSE)) {
                labels.add(values.get(GuidanceOptions.NEGATIVE));
            }
        } else {
            labels.add(null);
        }
        return labels;
    }

    private Guidance guidance(GenerationInput input, Values values) {
        Optional<List<Option.Terms.Term>> terms = values.find(GuidanceOptions.COMPOSE);
        if (!takesClass() || input.label() == null && terms.isEmpty()) {
            return Guidance.none();
        }
        double[] weights = terms.map(list ->
                        list.stream().mapToDouble(Option.Terms.Term::weight).toArray())
                .orElse(new double[] {1});
        return Guidance.of(
                weights, input.guidance(), GuidanceOptions.interval(values), values.get(GuidanceOptions.RESCALE));
    }
}
