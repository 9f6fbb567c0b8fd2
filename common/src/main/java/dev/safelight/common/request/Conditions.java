package dev.safelight.common.request;

import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.sampling.Option;
import dev.safelight.common.sampling.Values;
import dev.safelight.common.sampling.guidance.Guidance;
import dev.safelight.common.sampling.guidance.GuidanceOptions;
import java.util.List;
import java.util.Optional;

/** What requests may say about what is to be drawn. There is one for each kind of conditioning. */
interface Conditions {

    static Conditions of(Manifest manifest) {
        return switch (manifest.conditioning().kind()) {
            case "none" -> new NoConditions();
            case "class" -> new ClassConditions(manifest.conditioning());
            case "text" -> TextConditions.of(manifest);
            case "factors" -> FactorConditions.of(manifest.conditioning());
            default ->
                throw new IllegalArgumentException(
                        "no conditioning is called " + manifest.conditioning().kind());
        };
    }

    /** Fields of their own, beside {@code class}. */
    List<Option<?>> options();

    /** The field that says what an image shows; empty where that makes no difference. */
    Optional<Option<?>> source();

    /** Whether the network was also trained without a condition. */
    boolean guidable();

    /** Whether the network takes the weight of guidance as an input, and has nothing to get away from. */
    default boolean toldGuidance() {
        return false;
    }

    /** Whether the input asks for anything in particular. */
    boolean given(GenerationInput input, Values values);

    List<Problem> problems(GenerationInput input, Values values);

    /** In the order of the guidance's weights: the condition to get away from comes last. */
    List<Condition> conditions(GenerationInput input, Values values);

    Guidance guidance(GenerationInput input, Values values);

    /** What the client says that its image shows; what the input asks for where nothing can stand for anything. */
    Condition source(GenerationInput input, Values values);

    /** @param weights of the conditions that are asked for */
    static Guidance guided(double[] weights, GenerationInput input, Values values) {
        return Guidance.of(
                weights, input.guidance(), GuidanceOptions.interval(values), values.get(GuidanceOptions.RESCALE));
    }

    /** A network without conditions. */
    record NoConditions() implements Conditions {
        @Override
        public List<Option<?>> options() {
            return List.of();
        }

        @Override
        public Optional<Option<?>> source() {
            return Optional.empty();
        }

        @Override
        public boolean guidable() {
            return false;
        }

        @Override
        public boolean given(GenerationInput input, Values values) {
            return false;
        }

        @Override
        public List<Problem> problems(GenerationInput input, Values values) {
            return List.of();
        }

        @Override
        public List<Condition> conditions(GenerationInput input, Values values) {
            return List.of(new Condition.Anything());
        }

        @Override
        public Guidance guidance(GenerationInput input, Values values) {
            return Guidance.none();
        }

        @Override
        public Condition source(GenerationInput input, Values values) {
            return new Condition.Anything();
        }
    }
}
