package dev.safelight.standalone.command;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.standalone.client.RequestRefused;
import dev.safelight.standalone.client.SafelightClient;
import dev.safelight.standalone.client.Unreachable;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(name = "models", description = "List the models of a server, newest first.")
final class ModelsCommand implements Callable<Integer> {
    @Mixin
    private ServerOption server;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Unreachable, RequestRefused {
        PrintWriter out = spec.commandLine().getOut();
        try (SafelightClient client = server.connect()) {
            for (JsonNode model : client.models().path("models")) {
                out.printf(
                        "%s  %s  %s%n",
                        model.path("name").asText(),
                        model.path("date").asText(),
                        model.path("title").asText());
                if (!model.path("classes").isEmpty()) {
                    out.println("  classes   " + words(model.path("classes")));
                }
                out.println("  samplers  " + words(model.path("samplers")));
            }
        }
        return 0;
    }

    private static String words(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false)
                .map(JsonNode::asText)
                .collect(Collectors.joining(", "));
    }
}
