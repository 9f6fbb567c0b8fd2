package dev.safelight.api.validate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.request.Recipes;
import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Option;
import dev.safelight.common.wire.Json;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Derives, from what a bundle says of itself, the JSON Schema of its jobs' {@code input}: published and enforced alike. */
final class InputSchema {
    static final List<String> SPACINGS = List.of("leading", "trailing", "linspace");
    /** The largest integer that every JSON reader keeps exactly. */
    private static final long LARGEST_EXACT = (1L << 53) - 1;
    /** Far beyond it pictures only burn out; a bound keeps nonsense out of the network. */
    private static final int MOST_GUIDANCE = 100;

    private InputSchema() {}

    static ObjectNode of(Manifest manifest, Recipes recipes) {
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
            if (recipes.guidable()) {
                label.put("description", "What to draw; omitted, the model draws anything it knows");
            } else {
                label.put("description", "What to draw");
                schema.putArray("required").add("class");
            }
        }
        words(
                        properties,
                        "sampler",
                        recipes.methods().stream().map(Method::name).toList())
                .put("default", defaults.sampler())
                .put("description", "The numerical method");
        property(properties, "steps", "integer")
                .put("minimum", 1)
                .put("maximum", manifest.limits().steps())
                .put("default", defaults.steps())
                .put("description", "Sampler steps");
        if (recipes.guidable() || recipes.toldGuidance()) {
            property(properties, "guidance", "number")
                    .put("minimum", 0)
                    .put("maximum", MOST_GUIDANCE)
                    .put("default", defaults.guidance())
                    .put(
                            "description",
                            recipes.toldGuidance()
                                    ? "How closely the prompt is followed, which the network was trained to be told"
                                    : "Weight of classifier-free guidance: 1 is plain conditional, 0 unconditional;"
                                            + " without a class it is 0");
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
        words(properties, "spacing", SPACINGS)
                .put("default", defaults.spacing())
                .put("description", "How the steps are spread over the training schedule");
        property(properties, "strict", "boolean")
                .put("default", false)
                .put("description", "Bit-equal images whatever else runs, at the cost of speed");
        options(manifest, recipes).forEach((option, takers) -> {
            ObjectNode property = properties.putObject(option.name());
            describe(property, option, manifest);
            boolean all = takers.size() == recipes.methods().size();
            property.put(
                    "description",
                    all ? option.description() : option.description() + " (" + String.join(", ", takers) + ")");
        });
        return schema;
    }

    /** Every option with the samplers that take it; options of one name are one option. */
    private static Map<Option<?>, List<String>> options(Manifest manifest, Recipes recipes) {
        Map<Option<?>, List<String>> takers = new LinkedHashMap<>();
        for (Method method : recipes.methods()) {
            recipes.options(method)
                    .forEach(option -> takers.computeIfAbsent(option, _ -> new ArrayList<>())
                            .add(method.name()));
        }
        return takers;
    }

    private static void describe(ObjectNode property, Option<?> option, Manifest manifest) {
        switch (option) {
            case Option.Real real -> range(property, real.low(), real.high());
            case Option.Whole whole ->
                property.put("type", "integer").put("minimum", whole.low()).put("maximum", whole.high());
            case Option.Word word -> {
                ArrayNode list = property.put("type", "string").putArray("enum");
                word.words().forEach(list::add);
            }
            case Option.Flag _ -> property.put("type", "boolean");
            case Option.Reals reals -> {
                range(property.put("type", "array").putObject("items"), reals.low(), reals.high());
            }
            case Option.Prompt prompt -> property.put("type", "string").put("maxLength", prompt.most());
            case Option.Text _ -> classes(property, manifest);
            case Option.Seed _ ->
                property.put("type", "integer").put("minimum", 0).put("maximum", Option.Seed.LARGEST);
            case Option.Image _ -> property.put("type", "string").put("minLength", 1);
            case Option.Encoding encoding -> encoding(property, encoding);
            case Option.Factors factors -> factors(property, factors);
            case Option.Loras loras -> loras(property, loras);
            case Option.FactorTerms terms -> {
                ObjectNode parts = weighted(property, "factors");
                factors(parts.putObject("factors"), terms.one());
                weight(parts);
            }
            case Option.Terms _ -> {
                ObjectNode parts = weighted(property, "class");
                classes(parts.putObject("class"), manifest);
                weight(parts);
            }
        }
        Object fallback = option instanceof Option.Encoding ? null : fallback(option, manifest);
        if (fallback != null) {
            property.set("default", Json.MAPPER.valueToTree(fallback));
        }
    }

    /** A list of something with a weight. @return the properties of one of them */
    private static ObjectNode weighted(ObjectNode property, String what) {
        ObjectNode term = property.put("type", "array").putObject("items");
        term.put("type", "object").put("additionalProperties", false);
        term.putArray("required").add(what).add("weight");
        return term.putObject("properties");
    }

    private static void weight(ObjectNode parts) {
        parts.putObject("weight")
                .put("type", "number")
                .put("minimum", -MOST_GUIDANCE)
                .put("maximum", MOST_GUIDANCE);
    }

    /** Each factor is one of its values, or values with weights; a schema of both says so in {@code oneOf}'s stead. */
    private static void factors(ObjectNode property, Option.Factors factors) {
        property.put("type", "object").put("additionalProperties", false);
        ObjectNode properties = property.putObject("properties");
        for (Option.Factors.Factor factor : factors.factors()) {
            ObjectNode one = properties.putObject(factor.name());
            one.putArray("type").add("string").add("object");
            one.put("additionalProperties", false);
            ObjectNode weights = one.putObject("properties");
            factor.values().forEach(value -> range(weights.putObject(value), 0, 1));
            one.put(
                    "description",
                    "One of " + String.join(", ", factor.values()) + ", or an object of them with weights");
        }
    }

    private static void loras(ObjectNode property, Option.Loras loras) {
        ObjectNode one = property.put("type", "array").putObject("items");
        one.put("type", "object").put("additionalProperties", false);
        one.putArray("required").add("name");
        ObjectNode parts = one.putObject("properties");
        words(parts, "name", loras.names());
        range(parts.putObject("weight"), -loras.most(), loras.most());
    }

    private static void encoding(ObjectNode property, Option.Encoding encoding) {
        property.put("type", "object").put("additionalProperties", false);
        property.putArray("required").add("format");
        property.putObject("default").put("format", encoding.exact().getFirst());
        ObjectNode parts = property.putObject("properties");
        words(parts, "format", encoding.formats());
        property(parts, "quality", "integer")
                .put("minimum", 1)
                .put("maximum", Option.Encoding.BEST)
                .put(
                        "description",
                        "Of " + String.join(" and ", encoding.lossy()) + "; " + encoding.quality() + " when omitted");
    }

    private static void range(ObjectNode property, double low, double high) {
        property.put("type", "number").set("minimum", number(low));
        property.set("maximum", number(high));
    }

    /** Whole numbers without a fraction, as people write them. */
    private static JsonNode number(double value) {
        return value == Math.rint(value) ? LongNode.valueOf((long) value) : DoubleNode.valueOf(value);
    }

    /** What an omitted option becomes; null when nothing. */
    static Object fallback(Option<?> option, Manifest manifest) {
        Manifest.Defaults defaults = manifest.defaults();
        return switch (option.name()) {
            case "eta" -> defaults.eta();
            case "sigmas" -> defaults.sigmas() == null ? option.fallback() : defaults.sigmas();
            default -> option.fallback();
        };
    }

    private static void classes(ObjectNode property, Manifest manifest) {
        ArrayNode list = property.put("type", "string").putArray("enum");
        manifest.conditioning().classes().forEach(list::add);
    }

    /** The seed of the last image of the largest job must still be exact, so that it can be asked for alone. */
    static long largestSeed(Manifest manifest) {
        return LARGEST_EXACT - (manifest.limits().count() - 1);
    }

    static boolean takesClass(Manifest manifest) {
        return manifest.conditioning().kind().equals("class");
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
