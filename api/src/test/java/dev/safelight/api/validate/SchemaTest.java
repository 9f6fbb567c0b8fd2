package dev.safelight.api.validate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.safelight.api.TestApi;
import dev.safelight.api.http.ApiDocument;
import dev.safelight.common.bundle.BundleLibrary;
import dev.safelight.common.wire.Json;
import io.vertx.core.json.JsonObject;
import io.vertx.json.schema.Draft;
import io.vertx.json.schema.JsonSchema;
import io.vertx.json.schema.JsonSchemaOptions;
import io.vertx.json.schema.Validator;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Our verdicts are those of a full JSON Schema implementation. */
class SchemaTest {
    private static final int DOCUMENTS = "true".equals(System.getProperty("safelight.long")) ? 200_000 : 20_000;

    private static final List<String> NAMES = List.of(
            "class",
            "sampler",
            "steps",
            "guidance",
            "seed",
            "count",
            "eta",
            "spacing",
            "strict",
            "model",
            "input",
            "priority",
            "metadata",
            "other",
            "");
    private static final List<String> VALUES = List.of(
            "\"circle\"",
            "\"square\"",
            "\"ddim\"",
            "\"euler\"",
            "\"trailing\"",
            "\"shapes\"",
            "\"high\"",
            "\"\"",
            "\"x\"",
            "0",
            "1",
            "-1",
            "4",
            "5",
            "0.5",
            "1.0",
            "4.0",
            "1000",
            "1001",
            "1e3",
            "100.5",
            "9007199254740988",
            "9007199254740989",
            "9007199254740992",
            "123456789012345678901234567890",
            "-0.0",
            "1e-300",
            "1e300",
            "true",
            "false",
            "null",
            "[]",
            "[1]",
            "{}",
            "{\"a\": 1}");

    @ParameterizedTest
    @ValueSource(strings = {"shapes", "dots"})
    void anInputSchemaIsJudgedAlike(String name) throws IOException {
        Model model = new ModelCatalog(BundleLibrary.open(TestApi.models()))
                .find(name)
                .orElseThrow();
        assertSameVerdicts((ObjectNode) model.inputSchema(), Schema.compile(model.inputSchema()), name.hashCode());
    }

    @Test
    void theSchemaOfARequestIsJudgedAlike() throws IOException {
        JsonNode document = Json.MAPPER.readTree(ApiDocument.load().bytes());
        ObjectNode schema = Json.MAPPER.createObjectNode();
        schema.set("components", document.get("components"));
        schema.put("$ref", "#/components/schemas/JobRequest");
        JsonNode reference = Json.MAPPER.createObjectNode().put("$ref", "#/components/schemas/JobRequest");
        assertSameVerdicts(schema, Schema.compile(document, reference), 3);
    }

    private static void assertSameVerdicts(ObjectNode schema, Schema ours, long seed) throws IOException {
        Validator theirs = Validator.create(
                JsonSchema.of(new JsonObject(schema.toString())),
                new JsonSchemaOptions().setBaseUri("app://test/").setDraft(Draft.DRAFT202012));
        Random random = new Random(seed);
        int valid = 0;
        for (int i = 0; i < DOCUMENTS; i++) {
            String text = document(random);
            boolean verdict = ours.violations(Json.MAPPER.readTree(text)).isEmpty();
            assertThat(verdict)
                    .as(text)
                    .isEqualTo(theirs.validate(new JsonObject(text)).getValid());
            valid += verdict ? 1 : 0;
        }
        // A schema that refused, or took, everything would be judged alike without having been tried.
        assertThat(valid).isBetween(DOCUMENTS / 100, DOCUMENTS * 9 / 10);
    }

    /** Mostly small, so that many are valid; fields and values meet at random, and at times as they should. */
    private static String document(Random random) {
        StringBuilder text = new StringBuilder("{");
        int fields = random.nextInt(4);
        int first = random.nextInt(NAMES.size());
        for (int i = 0; i < fields; i++) {
            String name = NAMES.get((first + i * (1 + random.nextInt(2))) % NAMES.size());
            if (text.indexOf("\"" + name + "\":") >= 0) {
                continue;
            }
            text.append(text.length() > 1 ? "," : "")
                    .append('"')
                    .append(name)
                    .append("\":")
                    .append(random.nextBoolean() ? fitting(name, random) : VALUES.get(random.nextInt(VALUES.size())));
        }
        return text.append('}').toString();
    }

    private static String fitting(String name, Random random) {
        return switch (name) {
            case "class" -> "\"circle\"";
            case "sampler" -> "\"euler\"";
            case "spacing" -> "\"leading\"";
            case "strict" -> "true";
            case "model" -> "\"shapes\"";
            case "priority" -> "\"low\"";
            case "input", "metadata" -> "{}";
            default -> Integer.toString(random.nextInt(2));
        };
    }

    @ParameterizedTest
    @ValueSource(strings = {"oneOf", "uniqueItems", "minContains", "dependentRequired", "exclusiveMinimum", "requird"})
    void aKeywordThatWouldNotBeEnforcedIsRefused(String keyword) {
        ObjectNode schema = Json.MAPPER.createObjectNode();
        schema.putObject("properties").putObject("a").put(keyword, 1);
        assertThatThrownBy(() -> Schema.compile(schema)).hasMessageContaining(keyword);
    }

    @Test
    void aReferenceIntoNothingIsRefused() {
        JsonNode schema = Json.MAPPER.createObjectNode().put("$ref", "#/components/none");
        assertThatThrownBy(() -> Schema.compile(schema)).hasMessageContaining("nothing is at");
    }
}
