package dev.safelight.api.validate;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Spacing;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/** A bundle as the API sees it: what may be asked of it. */
public final class Model {
    private final Bundle bundle;
    private final JsonNode inputSchema;
    private final Schema schema;

    Model(Bundle bundle) {
        this.bundle = bundle;
        this.inputSchema = InputSchema.of(bundle.manifest());
        this.schema = Schema.compile(inputSchema);
    }

    public Bundle bundle() {
        return bundle;
    }

    public Manifest manifest() {
        return bundle.manifest();
    }

    /** The JSON Schema that {@link #violations} enforces. */
    public JsonNode inputSchema() {
        return inputSchema;
    }

    /** @return what is wrong with an {@code input} */
    public List<Violation> violations(JsonNode input) {
        List<Violation> violations = schema.violations(input, "/input");
        return violations.isEmpty() ? layout(resolve(input)) : violations;
    }

    /** Whether the sampler can lay out so many steps is arithmetic that no schema can say. */
    private List<Violation> layout(GenerationInput input) {
        try {
            Spacing.of(input.spacing())
                    .times(
                            manifest().process().schedule().steps(),
                            input.steps(),
                            Method.find(input.sampler()).orElseThrow().grid());
            return List.of();
        } catch (IllegalArgumentException e) {
            return List.of(Violation.body("out_of_range", "#/input/steps", e.getMessage()));
        }
    }

    /** Fills in every default and, where none was given, a seed. The input must have been found valid. */
    public GenerationInput resolve(JsonNode input) {
        Manifest manifest = manifest();
        Manifest.Defaults defaults = manifest.defaults();
        return new GenerationInput(
                input.path("class").textValue(),
                input.path("sampler").asText(defaults.sampler()),
                input.path("steps").asInt(defaults.steps()),
                input.path("guidance").asDouble(guidance(input)),
                input.has("seed")
                        ? input.get("seed").longValue()
                        : ThreadLocalRandom.current().nextLong(InputSchema.largestSeed(manifest) + 1),
                input.path("count").asInt(1),
                input.path("eta").asDouble(defaults.eta()),
                input.path("spacing").asText(defaults.spacing()),
                input.path("strict").asBoolean(false));
    }

    /** The weight where none was given: without a class there is nothing to be guided to. */
    private double guidance(JsonNode input) {
        if (!InputSchema.guidable(manifest())) {
            return 1;
        }
        return input.has("class") ? manifest().defaults().guidance() : 0;
    }
}
