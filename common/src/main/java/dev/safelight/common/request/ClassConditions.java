package dev.safelight.common.request;

import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.sampling.Option;
import dev.safelight.common.sampling.Option.Terms.Term;
import dev.safelight.common.sampling.Values;
import dev.safelight.common.sampling.guidance.Guidance;
import dev.safelight.common.sampling.guidance.GuidanceOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** One class of a list, or several with weights. */
record ClassConditions(Manifest.Conditioning offered) implements Conditions {
    private static final Option.Text SOURCE =
            new Option.Text("source", "The class that the image shows, for inversion; omitted, none in particular");

    @Override
    public List<Option<?>> options() {
        return guidable() ? GuidanceOptions.ofClasses() : List.of();
    }

    @Override
    public Optional<Option<?>> source() {
        return Optional.of(SOURCE);
    }

    @Override
    public boolean guidable() {
        return offered.nullIndex() != null;
    }

    @Override
    public boolean given(GenerationInput input, Values values) {
        return input.label() != null || values.has(GuidanceOptions.COMPOSE);
    }

    @Override
    public List<Problem> problems(GenerationInput input, Values values) {
        List<Problem> problems = new ArrayList<>();
        Optional<List<Term>> terms = values.find(GuidanceOptions.COMPOSE);
        Optional<String> negative = values.find(GuidanceOptions.NEGATIVE);
        if (input.label() != null) {
            known(input.label(), "class", problems);
        }
        values.find(SOURCE).ifPresent(label -> known(label, "source", problems));
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
            if (!given(input, values)) {
                problems.add(new Problem(
                        "invalid_value", "negative", "needs a class to get to, not only one to get away from"));
            }
        });
        boolean asksForNone = conditions(input, values).contains(new Condition.Anything())
                && guidance(input, values).needsLast();
        if (!guidable() && asksForNone) {
            problems.add(new Problem(
                    "invalid_value",
                    "guidance",
                    "the model was not trained without classes: name one, and leave guidance at 1"));
        }
        return problems;
    }

    private void known(String label, String field, List<Problem> problems) {
        if (!offered.classes().contains(label)) {
            problems.add(new Problem("invalid_value", field, "the model has no class " + label));
        }
    }

    @Override
    public List<Condition> conditions(GenerationInput input, Values values) {
        List<Condition> conditions = new ArrayList<>();
        values.find(GuidanceOptions.COMPOSE)
                .ifPresentOrElse(
                        terms -> terms.forEach(term -> conditions.add(condition(term.label()))),
                        () -> conditions.add(condition(input.label())));
        if (given(input, values)) {
            conditions.add(condition(values.get(GuidanceOptions.NEGATIVE)));
        }
        return conditions;
    }

    @Override
    public Guidance guidance(GenerationInput input, Values values) {
        if (!given(input, values)) {
            return Guidance.none();
        }
        double[] weights = values.find(GuidanceOptions.COMPOSE)
                .map(list -> list.stream().mapToDouble(Term::weight).toArray())
                .orElse(new double[] {1});
        return Conditions.guided(weights, input, values);
    }

    @Override
    public Condition source(GenerationInput input, Values values) {
        return values.find(SOURCE)
                .map(ClassConditions::condition)
                .orElseGet(() -> guidable() ? new Condition.Anything() : condition(input.label()));
    }

    private static Condition condition(String label) {
        return label == null ? new Condition.Anything() : new Condition.Label(label);
    }
}
