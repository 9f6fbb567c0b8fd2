package dev.safelight.api.validate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/**
 * A JSON Schema (draft 2020-12), compiled once into a tree of checks. It knows the keywords that our documents use and
 * refuses to compile any other, so a schema that is published is a schema that is enforced; a test holds its verdicts
 * against those of a full implementation.
 */
public final class Schema {
    /** Say something to readers and nothing about validity. {@code format} is an annotation in this draft. */
    private static final Set<String> ANNOTATIONS = Set.of(
            "$schema",
            "$id",
            "$comment",
            "title",
            "description",
            "default",
            "examples",
            "deprecated",
            "format",
            "contentMediaType");

    private static final int LONGEST_LIST = 60;

    private interface Check {
        void apply(JsonNode value, Place place, Findings findings);
    }

    private final Check root;

    private Schema(Check root) {
        this.root = root;
    }

    /** Compiles a schema that refers to nothing outside itself. */
    public static Schema compile(JsonNode schema) {
        return compile(schema, schema);
    }

    /**
     * @param document what {@code $ref: "#/…"} points into
     * @throws IllegalArgumentException for a keyword that this class does not know
     */
    public static Schema compile(JsonNode document, JsonNode schema) {
        return new Schema(new Compiler(document).check(schema));
    }

    /** @return what is wrong with the value; empty when it is valid */
    public List<Violation> violations(JsonNode value) {
        return violations(value, "");
    }

    /** @param below the pointer of the value inside the request's body, for example {@code /input} */
    public List<Violation> violations(JsonNode value, String below) {
        Findings findings = new Findings();
        Place place = Place.ROOT;
        for (String name : below.isEmpty() ? new String[0] : below.substring(1).split("/")) {
            place = place.child(name);
        }
        root.apply(value, place, findings);
        return findings.violations();
    }

    private static final class Compiler {
        private final JsonNode document;
        private final Map<String, Check> referenced = new HashMap<>();

        Compiler(JsonNode document) {
            this.document = document;
        }

        Check check(JsonNode schema) {
            if (schema.isBoolean()) {
                boolean allowed = schema.booleanValue();
                return (value, place, findings) -> {
                    if (!allowed) {
                        findings.add("not_allowed", place, "nothing is allowed here");
                    }
                };
            }
            List<Check> checks = new ArrayList<>();
            Set<String> unread = new HashSet<>();
            schema.fieldNames().forEachRemaining(unread::add);
            unread.removeAll(ANNOTATIONS);
            if (unread.remove("$ref")) {
                checks.add(reference(schema.get("$ref").textValue()));
            }
            Check type = unread.remove("type") ? type(schema.get("type")) : (value, place, findings) -> {};
            if (unread.remove("enum")) {
                checks.add(oneOf(schema.get("enum")));
            }
            if (unread.remove("const")) {
                checks.add(constant(schema.get("const")));
            }
            if (unread.remove("minimum") | unread.remove("maximum")) {
                checks.add(range(schema.get("minimum"), schema.get("maximum")));
            }
            if (unread.remove("minLength") | unread.remove("maxLength")) {
                checks.add(length(
                        schema.path("minLength").asInt(0),
                        schema.path("maxLength").asInt(Integer.MAX_VALUE)));
            }
            if (unread.remove("pattern")) {
                checks.add(pattern(schema.get("pattern").textValue()));
            }
            if (unread.remove("items")) {
                checks.add(items(check(schema.get("items"))));
            }
            if (unread.remove("minItems") | unread.remove("maxItems")) {
                checks.add(size(
                        schema.path("minItems").asInt(0),
                        schema.path("maxItems").asInt(Integer.MAX_VALUE)));
            }
            if (unread.remove("maxProperties")) {
                checks.add(maxProperties(schema.get("maxProperties").intValue()));
            }
            if (unread.remove("propertyNames")) {
                checks.add(propertyNames(check(schema.get("propertyNames"))));
            }
            if (unread.remove("required")) {
                checks.add(required(schema.get("required")));
            }
            if (unread.remove("properties") | unread.remove("additionalProperties")) {
                checks.add(properties(schema.path("properties"), schema.get("additionalProperties")));
            }
            if (!unread.isEmpty()) {
                throw new IllegalArgumentException("this schema uses keywords that are not enforced: " + unread);
            }
            return all(type, checks);
        }

        /** After a wrong type everything else is noise; of a wrong word or number the first complaint is enough. */
        private static Check all(Check type, List<Check> list) {
            Check[] checks = list.toArray(Check[]::new);
            return (value, place, findings) -> {
                int before = findings.count();
                type.apply(value, place, findings);
                boolean wrongType = findings.count() > before;
                for (int i = 0; i < checks.length && !wrongType && !findings.full(); i++) {
                    checks[i].apply(value, place, findings);
                    if (findings.count() > before && !value.isObject()) {
                        return;
                    }
                }
            };
        }

        private Check reference(String pointer) {
            if (!pointer.startsWith("#/")) {
                throw new IllegalArgumentException("a reference must stay inside its document: " + pointer);
            }
            JsonNode target = document.at(pointer.substring(1));
            if (target.isMissingNode()) {
                throw new IllegalArgumentException("nothing is at " + pointer);
            }
            if (!referenced.containsKey(pointer)) {
                referenced.put(pointer, (value, place, findings) -> {
                    throw new IllegalStateException("recursive schema " + pointer);
                });
                referenced.put(pointer, check(target));
            }
            return referenced.get(pointer);
        }

        private static Check type(JsonNode keyword) {
            List<String> names = keyword.isArray()
                    ? StreamSupport.stream(keyword.spliterator(), false)
                            .map(JsonNode::textValue)
                            .toList()
                    : List.of(keyword.textValue());
            names.forEach(name -> is(name, keyword));
            String wanted = names.stream().map(Compiler::withArticle).collect(Collectors.joining(" or "));
            return (value, place, findings) -> {
                for (String name : names) {
                    if (is(name, value)) {
                        return;
                    }
                }
                findings.add("wrong_type", place, "must be " + wanted + ", got " + Findings.quote(value));
            };
        }

        private static boolean is(String type, JsonNode value) {
            return switch (type) {
                case "object" -> value.isObject();
                case "array" -> value.isArray();
                case "string" -> value.isTextual();
                case "boolean" -> value.isBoolean();
                case "null" -> value.isNull();
                case "number" -> value.isNumber();
                // 7.0 is an integer in JSON Schema.
                case "integer" ->
                    value.isIntegralNumber()
                            || value.isNumber() && Math.rint(value.doubleValue()) == value.doubleValue();
                default -> throw new IllegalArgumentException("no JSON type is called " + type);
            };
        }

        private static String withArticle(String type) {
            return switch (type) {
                case "null" -> type;
                case "object", "array", "integer" -> "an " + type;
                default -> "a " + type;
            };
        }

        private static Check oneOf(JsonNode values) {
            Set<String> words = new HashSet<>();
            values.forEach(value -> {
                if (!value.isTextual()) {
                    throw new IllegalArgumentException("enum is only known for strings");
                }
                words.add(value.textValue());
            });
            String list = StreamSupport.stream(values.spliterator(), false)
                    .limit(LONGEST_LIST)
                    .map(JsonNode::textValue)
                    .collect(Collectors.joining(", "));
            String known = words.size() <= LONGEST_LIST
                    ? "must be one of: " + list
                    : "must be one of %d words, such as: %s".formatted(words.size(), list);
            return (value, place, findings) -> {
                if (!value.isTextual() || !words.contains(value.textValue())) {
                    findings.add("unknown_value", place, Findings.quote(value) + " is not known; it " + known);
                }
            };
        }

        private static Check constant(JsonNode constant) {
            return (value, place, findings) -> {
                if (!equal(constant, value)) {
                    findings.add("wrong_value", place, "must be " + constant + ", got " + Findings.quote(value));
                }
            };
        }

        private static boolean equal(JsonNode constant, JsonNode value) {
            return constant.isNumber() && value.isNumber()
                    ? constant.decimalValue().compareTo(value.decimalValue()) == 0
                    : constant.equals(value);
        }

        private static Check range(JsonNode minimum, JsonNode maximum) {
            BigDecimal lowest = minimum == null ? null : minimum.decimalValue();
            BigDecimal highest = maximum == null ? null : maximum.decimalValue();
            String wanted = minimum == null
                    ? "must be at most " + maximum
                    : maximum == null
                            ? "must be at least " + minimum
                            : "must be between " + minimum + " and " + maximum;
            return (value, place, findings) -> {
                if (!value.isNumber()) {
                    return;
                }
                BigDecimal number = value.decimalValue();
                if (lowest != null && number.compareTo(lowest) < 0
                        || highest != null && number.compareTo(highest) > 0) {
                    findings.add("out_of_range", place, wanted + ", got " + Findings.quote(value));
                }
            };
        }

        private static Check length(int shortest, int longest) {
            return (value, place, findings) -> {
                if (!value.isTextual()) {
                    return;
                }
                String text = value.textValue();
                int length = text.codePointCount(0, text.length());
                if (length < shortest) {
                    findings.add("too_short", place, "must have at least " + shortest + " characters, got " + length);
                } else if (length > longest) {
                    findings.add("too_long", place, "must have at most " + longest + " characters, got " + length);
                }
            };
        }

        private static Check pattern(String expression) {
            Pattern pattern = Pattern.compile(expression);
            return (value, place, findings) -> {
                if (value.isTextual() && !pattern.matcher(value.textValue()).find()) {
                    findings.add("wrong_format", place, Findings.quote(value) + " does not match " + expression);
                }
            };
        }

        private static Check items(Check item) {
            return (value, place, findings) -> {
                if (value.isArray()) {
                    for (int i = 0; i < value.size() && !findings.full(); i++) {
                        item.apply(value.get(i), place.child(Integer.toString(i)), findings);
                    }
                }
            };
        }

        private static Check size(int fewest, int most) {
            return (value, place, findings) -> {
                if (value.isArray() && value.size() < fewest) {
                    findings.add("too_few", place, "must have at least " + fewest + " items, got " + value.size());
                } else if (value.isArray() && value.size() > most) {
                    findings.add("too_many", place, "must have at most " + most + " items, got " + value.size());
                }
            };
        }

        private static Check maxProperties(int most) {
            return (value, place, findings) -> {
                if (value.isObject() && value.size() > most) {
                    findings.add("too_many", place, "must have at most " + most + " fields, got " + value.size());
                }
            };
        }

        private static Check propertyNames(Check check) {
            return (value, place, findings) -> {
                if (value.isObject()) {
                    for (Map.Entry<String, JsonNode> field : value.properties()) {
                        check.apply(
                                TextNode.valueOf(field.getKey()), place.child(Findings.cut(field.getKey())), findings);
                    }
                }
            };
        }

        private static Check required(JsonNode keyword) {
            List<String> names = StreamSupport.stream(keyword.spliterator(), false)
                    .map(JsonNode::textValue)
                    .toList();
            return (value, place, findings) -> {
                if (value.isObject()) {
                    for (String name : names) {
                        if (!value.has(name)) {
                            findings.add("missing_field", place.child(name), "the field \"" + name + "\" is required");
                        }
                    }
                }
            };
        }

        private Check properties(JsonNode properties, JsonNode additional) {
            Map<String, Check> known = new LinkedHashMap<>();
            properties.properties().forEach(entry -> known.put(entry.getKey(), check(entry.getValue())));
            boolean closed = additional != null && additional.isBoolean() && !additional.booleanValue();
            Check others = additional == null || additional.isBoolean() ? null : check(additional);
            String names = String.join(", ", known.keySet());
            return (value, place, findings) -> {
                if (!value.isObject()) {
                    return;
                }
                for (Map.Entry<String, JsonNode> field : value.properties()) {
                    Check check = known.getOrDefault(field.getKey(), others);
                    if (check != null) {
                        check.apply(field.getValue(), place.child(field.getKey()), findings);
                    } else if (closed) {
                        String name = Findings.cut(field.getKey());
                        findings.add(
                                "unknown_field",
                                place.child(name),
                                "the field \"" + name + "\" is not known; the fields are: " + names);
                    }
                }
            };
        }
    }
}
