package dev.safelight.worker.generate;

import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.request.Beginning;
import dev.safelight.common.request.Condition;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.request.Recipe;
import dev.safelight.worker.batch.Conditioning;
import dev.safelight.worker.batch.Ticket;
import java.util.List;

/**
 * An input translated into what the sampling code works with.
 *
 * @param conditions of the guidance, in its order
 * @param source what the client's image shows, where its noise is to be found; else null
 */
record Request(Recipe recipe, List<Conditioning> conditions, Conditioning source) {

    /**
     * @throws IllegalArgumentException when the model cannot do what the input asks for; the message says what
     * @throws dev.safelight.worker.batch.EvaluationStopped while prompts are read
     */
    static Request of(GenerationInput input, Model model, Ticket ticket) {
        return switch (model.recipes().read(input)) {
            case Recipe.Possible(Recipe recipe) ->
                new Request(
                        recipe,
                        recipe.conditions().stream()
                                .map(condition -> conditioning(condition, recipe, model, ticket))
                                .toList(),
                        recipe.beginning() instanceof Beginning.Inverted(int ignored, Condition source)
                                ? conditioning(source, recipe, model, ticket)
                                : null);
            case Recipe.Impossible problems -> throw new IllegalArgumentException(problems.message());
        };
    }

    private static Conditioning conditioning(Condition condition, Recipe recipe, Model model, Ticket ticket) {
        Manifest.Conditioning offered = model.bundle().manifest().conditioning();
        return switch (condition) {
            case Condition.Anything _ ->
                model.others().containsKey(Manifest.TEXT)
                        ? model.prompts()
                                .unsaid(
                                        recipe.loraWeights(),
                                        model.aside(),
                                        model.others().get(Manifest.TEXT),
                                        ticket)
                        : anything(model.bundle().manifest());
            case Condition.Prompt prompt ->
                model.prompts()
                        .read(
                                prompt,
                                recipe.loraWeights(),
                                model.aside(),
                                model.others().get(Manifest.TEXT),
                                ticket);
            case Condition.Label(String name) ->
                new Conditioning.ClassIndex(offered.classes().indexOf(name));
            case Condition.Factors(List<Double> blocks) -> {
                float[] values = new float[blocks.size()];
                for (int i = 0; i < values.length; i++) {
                    values[i] = blocks.get(i).floatValue();
                }
                yield new Conditioning.Factors(values);
            }
        };
    }

    /** What stands for no condition; the null index may be missing where no class is never asked for. */
    static Conditioning anything(Manifest manifest) {
        Manifest.Conditioning offered = manifest.conditioning();
        return switch (offered.kind()) {
            case "class" -> new Conditioning.ClassIndex(offered.nullIndex() == null ? 0 : offered.nullIndex());
            case "factors" -> new Conditioning.Factors(new float[manifest.factorSize()]);
            default -> new Conditioning.Unconditional();
        };
    }
}
