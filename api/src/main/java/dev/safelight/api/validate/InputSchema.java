package dev.safelight.api.validate;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.wire.Json;
import java.util.Collection;
import java.util.List;

/** Derives, from what a bundle says of itself, the JSON Schema of its jobs' {@code input}: published and enforced alike. */
final class InputSchema {
    static final List<String> SPACINGS = List.of("leading", "trailing", "linspace");
    /** The largest integer that every JSON reader keeps exactly. */
    private static final long LARGEST_EXACT = (1L << 53) - 1;
    /** Far beyond it pictures only burn out; a bound keeps nonsense out of the network. */
    private static final int MOST_GUIDANCE = 100;

    private InputSchema() {}

    static ObjectNode of(Manifest manifest) {
        Manifest.Defaults defaults = manifest.defaults();
        ObjectNode schema = Json.MAPPER.createObjectNode();
        schema.put("$schema", "https://json-schema.org/draft/2020-12/schema");
        schema.put("title", "Input of " + manifest.name());
        schema.put("type", "object");
        schema.put("additionalProperties", false);
        ObjectNode properties = schema.putObject("properties");
        if (takesClass(manifest)) {
            ObjectNode label =
                    words(properties, "class", manifest.conditioning().classes());
            if (guidable(manifest)) {
                label.put("description", "What to draw; omitted, the model draws anything it knows");
            } else {
                label.put("description", "What to draw");
                schema.putArray("required").add("class");
            }
        }
        words(properties, "sampler", manifest.samplers())
                .put("default", defaults.sampler())
                .put("description", "The numerical method");
        property(properties, "steps", "integer")
                .put("minimum", 1)
                .put("maximum", manifest.limits().steps())
                .put("default", defaults.steps())
                .put("description", "Sampler steps");
        if (guidable(manifest)) {
            property(properties, "guidance", "number")
                    .put("minimum", 0)
                    .put("maximum", MOST_GUIDANCE)
                    .put("default", defaults.guidance())
                    .put(
                            "description",
                            "Weight of classifier-free guidance: 1 is plain conditional, 0 unconditional; without a class it is 0");
        }
        property(properties, "seed", "integer")
                .put("minimum", 0)
                .put("maximum", largestSeed(manifest))
                .put("description", "Image i uses seed + i; omitted, one is chosen and reported");
        property(properties, "count", "integer")
                .put("minimum", 1)
                .put("maximum", manifest.limits().count())
                .put("default", 1)
                .put("description", "Number of images");
        property(properties, "eta", "number")
                .put("minimum", 0)
                .put("maximum", 1)
                .put("default", defaults.eta())
                .put("description", "Stochasticity of ddim: 0 deterministic, 1 ancestral; other samplers ignore it");
        words(properties, "spacing", SPACINGS)
                .put("default", defaults.spacing())
                .put("description", "How the steps are spread over the training schedule");
        property(properties, "strict", "boolean")
                .put("default", false)
                .put("description", "Bit-equal images whatever else runs, at the cost of speed");
        return schema;
    }

    /** The seed of the last image of the largest job must still be exact, so that it can be asked for alone. */
    static long largestSeed(Manifest manifest) {
        return LARGEST_EXACT - (manifest.limits().count() - 1);
    }

    static boolean takesClass(Manifest manifest) {
        return manifest.conditioning().kind().equals("class");
    }

    /** Guidance needs a network that was also trained without condition. */
    static boolean guidable(Manifest manifest) {
        return takesClass(manifest) && manifest.conditioning().nullIndex() != null;
    }

    private static ObjectNode property(ObjectNode properties, String name, String type) {
        return properties.putObject(name).put("type", type);
    }

    private static ObjectNode words(ObjectNode properties, String name, Collection<String> words) {
        ObjectNode property = property(properties, name, "string");
        ArrayNode list = property.putArray("enum");
        words.forEach(list::add);
        return property;
    }
}
