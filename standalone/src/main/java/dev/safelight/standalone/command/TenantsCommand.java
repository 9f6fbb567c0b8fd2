package dev.safelight.standalone.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.safelight.common.wire.Json;
import dev.safelight.standalone.CannotStart;
import dev.safelight.standalone.client.Administrator;
import dev.safelight.standalone.client.RequestRefused;
import dev.safelight.standalone.client.Unreachable;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

@Command(name = "tenants", description = "List and make tenants, and say what they may take.")
final class TenantsCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing: list, create or set");
    }

    /** What a tenant may take; {@code none} takes a limit away. */
    static final class Limits {
        @Option(names = "--weight", converter = NumberOrNone.class, description = "Share beside other tenants (1).")
        private JsonNode weight;

        @Option(
                names = "--requests-per-second",
                converter = NumberOrNone.class,
                description = "Of each API process, or none.")
        private JsonNode requestsPerSecond;

        @Option(names = "--burst", converter = NumberOrNone.class, description = "Requests that may come at once.")
        private JsonNode burst;

        @Option(
                names = "--most-running",
                converter = NumberOrNone.class,
                description = "Jobs that run or are on their way to a worker, or none.")
        private JsonNode mostRunning;

        @Option(names = "--most-queued", converter = NumberOrNone.class, description = "Jobs that wait, or none.")
        private JsonNode mostQueued;

        @Option(
                names = "--outputs-expire-in",
                converter = NumberOrNone.class,
                description = "Seconds for which outputs are kept whose job does not say, or none.")
        private JsonNode outputsExpireIn;

        ObjectNode body() {
            ObjectNode body = Json.MAPPER.createObjectNode();
            put(body, "weight", weight);
            put(body, "requests_per_second", requestsPerSecond);
            put(body, "burst", burst);
            put(body, "most_running", mostRunning);
            put(body, "most_queued", mostQueued);
            put(body, "outputs_expire_in", outputsExpireIn);
            return body;
        }

        private static void put(ObjectNode body, String name, JsonNode value) {
            if (value != null) {
                body.set(name, value);
            }
        }
    }

    static final class NumberOrNone implements ITypeConverter<JsonNode> {
        @Override
        public JsonNode convert(String text) {
            if (text.equals("none")) {
                return NullNode.instance;
            }
            try {
                double number = Double.parseDouble(text);
                return number == Math.rint(number) ? LongNode.valueOf((long) number) : DoubleNode.valueOf(number);
            } catch (NumberFormatException e) {
                throw new TypeConversionException("'" + text + "' is neither a number nor none");
            }
        }
    }

    @Command(name = "list", description = "List tenants and what they may take.")
    int list(@Mixin AdministrationOption installation) throws CannotStart, Unreachable, RequestRefused {
        try (Administrator administrator = installation.connect()) {
            administrator
                    .call("GET", "/v1/tenants", Map.of(), null)
                    .path("tenants")
                    .forEach(this::print);
        }
        return 0;
    }

    @Command(name = "create", description = "Make a tenant.")
    int create(
            @Mixin AdministrationOption installation,
            @Parameters(paramLabel = "ID", description = "Small letters, digits, - and _.") String id,
            @Mixin Limits limits)
            throws CannotStart, Unreachable, RequestRefused {
        try (Administrator administrator = installation.connect()) {
            print(administrator.call(
                    "POST", "/v1/tenants", Map.of(), limits.body().put("id", id)));
        }
        return 0;
    }

    @Command(name = "set", description = "Change what a tenant may take; what is not named stays.")
    int set(
            @Mixin AdministrationOption installation,
            @Parameters(paramLabel = "ID", description = "Of the tenant.") String id,
            @Mixin Limits limits)
            throws CannotStart, Unreachable, RequestRefused {
        if (!id.matches("[a-z0-9][a-z0-9_-]{0,62}")) {
            throw new ParameterException(spec.commandLine(), "'" + id + "' is no id of a tenant");
        }
        try (Administrator administrator = installation.connect()) {
            print(administrator.call("PATCH", "/v1/tenants/" + id, Map.of(), limits.body()));
        }
        return 0;
    }

    private void print(JsonNode tenant) {
        spec.commandLine()
                .getOut()
                .printf(
                        "%-20s  weight %s  requests/s %s  burst %s  running %s  queued %s%n",
                        tenant.path("id").asText(),
                        tenant.path("weight").asText(),
                        limit(tenant, "requests_per_second"),
                        limit(tenant, "burst"),
                        limit(tenant, "most_running"),
                        limit(tenant, "most_queued"));
    }

    private static String limit(JsonNode tenant, String field) {
        return tenant.hasNonNull(field) ? tenant.get(field).asText() : "-";
    }
}
