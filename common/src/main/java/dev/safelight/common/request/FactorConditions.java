package dev.safelight.common.request;

import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.sampling.Option;
import dev.safelight.common.sampling.Option.FactorTerms.Term;
import dev.safelight.common.sampling.Values;
import dev.safelight.common.sampling.guidance.Guidance;
import dev.safelight.common.sampling.guidance.GuidanceOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Several factors at once, each with one of its values, with fractions of several, or left open. */
record FactorConditions(
        boolean guidable,
        Option.Factors factors,
        Option.Factors negative,
        Option.Factors shown,
        Option.FactorTerms compose)
        implements Conditions {
    private static final int MOST_TERMS = 8;

    static FactorConditions of(Manifest.Conditioning offered) {
        if (offered.factors() == null || offered.factors().isEmpty()) {
            throw new IllegalArgumentException("conditioning by factors must list them");
        }
        List<Option.Factors.Factor> list = offered.factors().stream()
                .map(factor -> new Option.Factors.Factor(factor.name(), factor.values()))
                .toList();
        Option.Factors asked = new Option.Factors(
                "factors",
                "What to draw: for each factor one of its values, or several with weights from 0 to 1; a factor that is"
                        + " not named is left open",
                list);
        return new FactorConditions(
                offered.nullable() == null || offered.nullable(),
                asked,
                new Option.Factors(
                        "negative", "What to get away from, in place of nothing; guidance says how far", list),
                new Option.Factors(
                        "source", "What the image shows, for inversion; omitted, nothing in particular", list),
                new Option.FactorTerms(
                        "compose",
                        "Several combinations at once, each with a weight, in place of factors; guidance multiplies all"
                                + " weights",
                        MOST_TERMS,
                        asked));
    }

    @Override
    public List<Option<?>> options() {
        return guidable
                ? Stream.concat(Stream.of(factors, negative, compose), GuidanceOptions.ofGuided().stream())
                        .toList()
                : List.of(factors);
    }

    @Override
    public Optional<Option<?>> source() {
        return Optional.of(shown);
    }

    @Override
    public boolean given(GenerationInput input, Values values) {
        return values.has(factors) || guidable && values.has(compose);
    }

    @Override
    public List<Problem> problems(GenerationInput input, Values values) {
        List<Problem> problems = new ArrayList<>();
        if (values.has(factors) && values.has(compose)) {
            problems.add(new Problem("invalid_value", "compose", "takes the place of factors: give one of the two"));
        }
        if (values.has(negative) && !given(input, values)) {
            problems.add(new Problem(
                    "invalid_value", "negative", "needs factors to get to, not only some to get away from"));
        }
        boolean everySaid = values.find(factors).map(this::everySaid).orElse(false);
        if (!guidable && (!everySaid || input.guidance() != 1)) {
            problems.add(new Problem(
                    "invalid_value",
                    everySaid ? "guidance" : "factors",
                    "the model was not trained with factors left open: name all of them, and leave guidance at 1"));
        }
        return problems;
    }

    private boolean everySaid(List<Double> blocks) {
        int at = 0;
        for (Option.Factors.Factor factor : factors.factors()) {
            int end = at + factor.values().size();
            if (blocks.subList(at, end).stream().allMatch(weight -> weight == 0)) {
                return false;
            }
            at = end;
        }
        return true;
    }

    @Override
    public List<Condition> conditions(GenerationInput input, Values values) {
        if (!given(input, values)) {
            return List.of(new Condition.Anything());
        }
        List<Condition> conditions = new ArrayList<>();
        values.find(compose)
                .ifPresentOrElse(
                        terms -> terms.forEach(term -> conditions.add(new Condition.Factors(term.blocks()))),
                        () -> conditions.add(new Condition.Factors(values.get(factors))));
        conditions.add(condition(values.find(negative)));
        return conditions;
    }

    @Override
    public Guidance guidance(GenerationInput input, Values values) {
        if (!given(input, values)) {
            return Guidance.none();
        }
        double[] weights = values.find(compose)
                .map(terms -> terms.stream().mapToDouble(Term::weight).toArray())
                .orElse(new double[] {1});
        return Conditions.guided(weights, input, values);
    }

    @Override
    public Condition source(GenerationInput input, Values values) {
        return condition(values.find(shown).or(() -> guidable ? Optional.empty() : values.find(factors)));
    }

    private static Condition condition(Optional<List<Double>> blocks) {
        return blocks.<Condition>map(Condition.Factors::new).orElseGet(Condition.Anything::new);
    }
}
