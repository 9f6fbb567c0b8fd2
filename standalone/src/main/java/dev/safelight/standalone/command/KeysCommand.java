package dev.safelight.standalone.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.safelight.common.wire.Json;
import dev.safelight.standalone.CannotStart;
import dev.safelight.standalone.client.Administrator;
import dev.safelight.standalone.client.RequestRefused;
import dev.safelight.standalone.client.Unreachable;
import java.io.PrintWriter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** A new key goes to standard output, alone; what is to be said about it goes to standard error. */
@Command(name = "keys", description = "Make, list, replace and revoke the keys of an installation.")
final class KeysCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing: create, list, rotate or revoke");
    }

    @Command(name = "create", description = "Make a key and print it; it is never shown again.")
    int create(
            @Mixin AdministrationOption installation,
            @Option(names = "--name", required = true, description = "For people: who has it, and where.") String name,
            @Option(names = "--tenant", defaultValue = "default", description = "Whose key (default: default).")
                    String tenant,
            @Option(
                            names = "--scopes",
                            split = ",",
                            defaultValue = "jobs:read,jobs:write",
                            description = "Of jobs:read, jobs:write, admin (default jobs:read,jobs:write).")
                    List<String> scopes,
            @Option(
                            names = "--expires",
                            converter = Seconds.class,
                            description = "After so long, for example 90d (default: never).")
                    Long expires)
            throws CannotStart, Unreachable, RequestRefused {
        ObjectNode body = Json.MAPPER.createObjectNode().put("name", name).put("tenant", tenant);
        scopes.forEach(body.putArray("scopes")::add);
        if (expires != null) {
            body.put("expires_in", expires);
        }
        try (Administrator administrator = installation.connect()) {
            tell(administrator.call("POST", "/v1/keys", Map.of(), body));
        }
        return 0;
    }

    @Command(name = "list", description = "List keys, without their secrets.")
    int list(
            @Mixin AdministrationOption installation,
            @Option(names = "--tenant", description = "Only this tenant's.") String tenant)
            throws CannotStart, Unreachable, RequestRefused {
        Map<String, String> query = new HashMap<>();
        query.put("tenant", tenant);
        PrintWriter out = spec.commandLine().getOut();
        try (Administrator administrator = installation.connect()) {
            for (JsonNode key :
                    administrator.call("GET", "/v1/keys", query, null).path("keys")) {
                out.printf(
                        "%s  %-7s  %-16s  %-26s  expires %-20s  last used %-10s  %s%n",
                        key.path("id").asText(),
                        key.path("state").asText(),
                        key.path("tenant").asText(),
                        words(key.path("scopes")),
                        key.path("expires_at").asText("never"),
                        key.path("last_used_on").asText("never"),
                        key.path("name").asText());
            }
        }
        return 0;
    }

    @Command(
            name = "rotate",
            description = "Make a key that takes the place of another, and print it; the old one counts for a while.")
    int rotate(
            @Mixin AdministrationOption installation,
            @Parameters(paramLabel = "ID", description = "Id of the old key, as list shows it.") String id,
            @Option(
                            names = "--overlap",
                            defaultValue = "1d",
                            converter = Seconds.class,
                            description = "How long the old key still counts (default 1d).")
                    Long overlap)
            throws CannotStart, Unreachable, RequestRefused {
        ObjectNode body = Json.MAPPER.createObjectNode().put("overlap", overlap);
        try (Administrator administrator = installation.connect()) {
            tell(administrator.call("POST", "/v1/keys/" + checked(id) + "/rotate", Map.of(), body));
        }
        return 0;
    }

    @Command(name = "revoke", description = "End a key for good.")
    int revoke(
            @Mixin AdministrationOption installation,
            @Parameters(paramLabel = "ID", description = "Id of the key, as list shows it.") String id)
            throws CannotStart, Unreachable, RequestRefused {
        try (Administrator administrator = installation.connect()) {
            JsonNode key = administrator.call("DELETE", "/v1/keys/" + checked(id), Map.of(), null);
            spec.commandLine()
                    .getOut()
                    .println("key " + id + " (" + key.path("name").asText()
                            + ") is revoked; every API refuses it within 5 seconds");
        }
        return 0;
    }

    private void tell(JsonNode made) {
        spec.commandLine().getOut().println(made.path("key").asText());
        spec.commandLine().getOut().flush();
        spec.commandLine()
                .getErr()
                .println("safelight: this is key " + made.path("id").asText() + " of tenant "
                        + made.path("tenant").asText() + " for " + words(made.path("scopes"))
                        + (made.hasNonNull("expires_at")
                                ? ", until " + made.get("expires_at").asText()
                                : "")
                        + "; keep it, it is not shown again");
    }

    private String checked(String id) {
        if (!id.matches("[0-9a-z]{10}")) {
            throw new ParameterException(
                    spec.commandLine(),
                    "'" + id + "' is no id of a key: those have 10 letters and digits, see keys list");
        }
        return id;
    }

    private static String words(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false)
                .map(JsonNode::asText)
                .collect(Collectors.joining(","));
    }
}
