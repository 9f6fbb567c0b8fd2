package dev.safelight.api.validate;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.request.Problem;
import dev.safelight.common.request.Recipe;
import dev.safelight.common.request.Recipes;
import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Option;
import dev.safelight.common.sampling.Values;
import dev.safelight.common.sampling.sampler.Methods;
import dev.safelight.common.wire.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A bundle as the API sees it: what may be asked of it. */
public final class Model {
    private final Bundle bundle;
    private final JsonNode inputSchema;
    private final Schema schema;
    private final Recipes recipes;
    private final Set<String> optionNames;

    Model(Bundle bundle) {
        this.bundle = bundle;
        this.recipes = new Recipes(bundle);
        this.optionNames = recipes.methods().stream()
                .flatMap(method -> recipes.options(method).stream())
                .map(Option::name)
                .collect(Collectors.toSet());
        this.inputSchema = InputSchema.of(bundle.manifest(), recipes);
        this.schema = Schema.compile(inputSchema);
    }

    public Bundle bundle() {
        return bundle;
    }

    public Manifest manifest() {
        return bundle.manifest();
    }

    /** Names of the samplers that requests may choose. */
    public List<String> samplers() {
        return recipes.methods().stream().map(Method::name).toList();
    }

    /** The JSON Schema that {@link #violations} enforces. */
    public JsonNode inputSchema() {
        return inputSchema;
    }

    /** @return what is wrong with an {@code input} */
    public List<Violation> violations(JsonNode input) {
        List<Violation> refused = refused(input);
        Set<String> told = refused.stream().map(Violation::pointer).collect(Collectors.toSet());
        List<Violation> violations = Stream.concat(
                        schema.violations(input, "/input").stream()
                                .filter(violation -> !told.contains(violation.pointer())),
                        refused.stream())
                .toList();
        if (violations.isEmpty()) {
            violations = strangers(input);
        }
        if (violations.isEmpty() && recipes.read(resolve(input)) instanceof Recipe.Impossible(List<Problem> problems)) {
            violations = problems.stream()
                    .map(problem -> Violation.body(problem.code(), "#/input/" + problem.field(), problem.detail()))
                    .toList();
        }
        return violations;
    }

    /** Samplers and fields that there are, but not for this model: better told why than that they are unknown. */
    private List<Violation> refused(JsonNode input) {
        List<Violation> refused = new ArrayList<>();
        String name = input.path("sampler").asText("");
        Methods.find(name)
                .flatMap(method -> recipes.refusal(method.name()))
                .ifPresent(reason -> refused.add(unsupported("sampler", reason)));
        input.fieldNames().forEachRemaining(field -> {
            if (!inputSchema.get("properties").has(field)) {
                recipes.refusalOf(field).ifPresent(reason -> refused.add(unsupported(field, reason)));
            }
        });
        return refused;
    }

    private static Violation unsupported(String field, String reason) {
        return Violation.body("unsupported_by_model", "#/input/" + field, reason);
    }

    /** Options that the model knows but the sampler does not. */
    private List<Violation> strangers(JsonNode input) {
        Method method = method(input);
        List<String> known = recipes.options(method).stream().map(Option::name).toList();
        List<Violation> strangers = new ArrayList<>();
        input.fieldNames().forEachRemaining(name -> {
            if (optionNames.contains(name) && !known.contains(name)) {
                strangers.add(Violation.body(
                        "unknown_option",
                        "#/input/" + name,
                        "the sampler " + method.name() + " has no option " + name + "; its options are: "
                                + String.join(", ", known)));
            }
        });
        return strangers;
    }

    private Method method(JsonNode input) {
        return Methods.find(input.path("sampler").asText(manifest().defaults().sampler()))
                .orElseThrow();
    }

    /** Fills in every default and, where none was given, a seed. The input must have been found valid. */
    public GenerationInput resolve(JsonNode input) {
        Manifest manifest = manifest();
        Manifest.Defaults defaults = manifest.defaults();
        Method method = method(input);
        return new GenerationInput(
                input.path("class").textValue(),
                method.name(),
                input.path("steps").asInt(steps(input)),
                input.path("guidance").asDouble(guidance(input)),
                input.has("seed")
                        ? input.get("seed").longValue()
                        : ThreadLocalRandom.current().nextLong(InputSchema.largestSeed(manifest) + 1),
                input.path("count").asInt(1),
                input.path("spacing").asText(defaults.spacing()),
                input.path("strict").asBoolean(false),
                options(method, input));
    }

    /** The sampler's options with their defaults, and what was said about guidance. */
    private Map<String, Object> options(Method method, JsonNode input) {
        Map<String, Object> options = new LinkedHashMap<>();
        for (Option<?> option : recipes.options(method)) {
            if (input.has(option.name())) {
                Object value = Json.MAPPER.convertValue(input.get(option.name()), Object.class);
                options.put(option.name(), option.complete(value));
            } else if (method.options().contains(option)) {
                Object fallback = InputSchema.fallback(option, manifest());
                if (fallback != null) {
                    options.put(option.name(), fallback);
                }
            }
        }
        Values said = new Values(options);
        for (Option<?> option : recipes.options(method)) {
            Object fallback = said.has(option) ? null : recipes.fallback(option, said);
            if (fallback != null) {
                options.put(option.name(), fallback);
            }
        }
        return options;
    }

    /** Of a walk with this input, as its progress is counted: one that begins half-way has fewer than it says. */
    public int walkedSteps(GenerationInput input) {
        return recipes.read(input) instanceof Recipe.Possible(Recipe recipe)
                ? Math.max(1, recipe.plan().steps())
                : input.steps();
    }

    private int steps(JsonNode input) {
        return input.has("timesteps")
                ? input.get("timesteps").size()
                : manifest().defaults().steps();
    }

    /** The weight where none was given: without a class there is nothing to be guided to. */
    private double guidance(JsonNode input) {
        if (recipes.toldGuidance()) {
            return manifest().defaults().guidance();
        }
        if (!recipes.guidable() || input.has("compose")) {
            return 1;
        }
        return input.has("class") || input.has("factors") || input.has("prompt")
                ? manifest().defaults().guidance()
                : 0;
    }
}
