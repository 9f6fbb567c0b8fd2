package dev.safelight.worker.generate;

import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.request.Beginning;
import dev.safelight.common.request.Condition;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.request.Recipe;
import dev.safelight.worker.batch.Conditioning;
import dev.safelight.worker.batch.Group;
import dev.safelight.worker.batch.Ticket;
import dev.safelight.worker.batch.Walk;
import java.util.ArrayList;
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
        // There from the first: a call of other prompts waits a moment for those that are about to come.
        try (Walk reader = reader(model, ticket)) {
            return switch (model.recipes().read(input)) {
                case Recipe.Possible(Recipe recipe) -> of(recipe, model, reader);
                case Recipe.Impossible problems -> throw new IllegalArgumentException(problems.message());
            };
        }
    }

    /** Null where nothing reads. */
    private static Walk reader(Model model, Ticket ticket) {
        Group text = model.others().get(Manifest.TEXT);
        return text == null ? null : model.aside().join(ticket, text, false, 1).getFirst();
    }

    private static Request of(Recipe recipe, Model model, Walk reader) {
        List<Condition> conditions = new ArrayList<>(recipe.conditions());
        int asked = conditions.size();
        if (recipe.beginning() instanceof Beginning.Inverted(int ignored, Condition source)) {
            conditions.add(source);
        }
        List<Conditioning> said = reader == null
                ? conditions.stream()
                        .map(condition -> conditioning(condition, model.bundle().manifest()))
                        .toList()
                : model.prompts()
                        .read(
                                conditions,
                                recipe.loraWeights(),
                                reader,
                                model.others().get(Manifest.TEXT).network().maxRows());
        return new Request(recipe, said.subList(0, asked), said.size() > asked ? said.getLast() : null);
    }

    private static Conditioning conditioning(Condition condition, Manifest manifest) {
        return switch (condition) {
            case Condition.Anything _ -> anything(manifest);
            case Condition.Prompt _ -> throw new IllegalArgumentException("the model reads no prompts");
            case Condition.Label(String name) ->
                new Conditioning.ClassIndex(manifest.conditioning().classes().indexOf(name));
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
