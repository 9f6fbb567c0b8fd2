package dev.safelight.worker.generate;

import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.request.Recipe;
import dev.safelight.worker.batch.Conditioning;
import java.util.ArrayList;
import java.util.List;

/** An input translated into what the sampling code works with. */
record Request(Recipe recipe, List<Conditioning> conditions) {

    /** @throws IllegalArgumentException when the model cannot do what the input asks for; the message says what */
    static Request of(GenerationInput input, Model model) {
        return switch (model.recipes().read(input)) {
            case Recipe.Possible(Recipe recipe) -> new Request(recipe, conditions(recipe, model));
            case Recipe.Impossible problems -> throw new IllegalArgumentException(problems.message());
        };
    }

    private static List<Conditioning> conditions(Recipe recipe, Model model) {
        Manifest.Conditioning offered = model.bundle().manifest().conditioning();
        List<Conditioning> conditions = new ArrayList<>();
        for (String label : recipe.labels()) {
            conditions.add(condition(label, offered));
        }
        return conditions;
    }

    private static Conditioning condition(String label, Manifest.Conditioning offered) {
        return switch (offered.kind()) {
            case "none" -> new Conditioning.Unconditional();
            case "class" -> new Conditioning.ClassIndex(classIndex(label, offered));
            default -> throw new IllegalArgumentException("no conditioning is called " + offered.kind());
        };
    }

    /** The null index may be missing where no class is never asked for. */
    private static int classIndex(String label, Manifest.Conditioning offered) {
        if (label == null) {
            return offered.nullIndex() == null ? 0 : offered.nullIndex();
        }
        return offered.classes().indexOf(label);
    }
}
