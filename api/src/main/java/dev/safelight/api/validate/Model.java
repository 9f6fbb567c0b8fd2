package dev.safelight.api.validate;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.request.GenerationInput;
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
        return schema.violations(input, "/input");
    }

    /** Fills in every default and, where none was given, a seed. The input must have been found valid. */
    public GenerationInput resolve(JsonNode input) {
        Manifest manifest = manifest();
        Manifest.Defaults defaults = manifest.defaults();
        return new GenerationInput(
                input.path("class").textValue(),
                input.path("sampler").asText(defaults.sampler()),
                input.path("steps").asInt(defaults.steps()),
                input.path("guidance").asDouble(InputSchema.guidable(manifest) ? defaults.guidance() : 1),
                input.has("seed")
                        ? input.get("seed").longValue()
                        : ThreadLocalRandom.current().nextLong(InputSchema.largestSeed(manifest) + 1),
                input.path("count").asInt(1),
                input.path("eta").asDouble(defaults.eta()),
                input.path("spacing").asText(defaults.spacing()),
                input.path("strict").asBoolean(false));
    }
}
