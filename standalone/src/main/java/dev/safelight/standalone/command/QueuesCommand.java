package dev.safelight.standalone.command;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.standalone.CannotStart;
import dev.safelight.standalone.client.Administrator;
import dev.safelight.standalone.client.RequestRefused;
import dev.safelight.standalone.client.Unreachable;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(name = "queues", description = "List queues; pause, drain and resume them.")
final class QueuesCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing: list, pause, drain or resume");
    }

    @Command(name = "list", description = "List queues, what waits and runs in them, and whether they may go on.")
    int list(@Mixin AdministrationOption installation) throws CannotStart, Unreachable, RequestRefused {
        try (Administrator administrator = installation.connect()) {
            administrator
                    .call("GET", "/v1/queues", Map.of(), null)
                    .path("queues")
                    .forEach(this::print);
        }
        return 0;
    }

    @Command(name = "pause", description = "Release nothing more; submits are accepted and wait.")
    int pause(@Mixin AdministrationOption installation, @Parameters(paramLabel = "QUEUE") String queue)
            throws CannotStart, Unreachable, RequestRefused {
        return set(installation, queue, "pause");
    }

    @Command(name = "drain", description = "Take no more submits; what is queued runs.")
    int drain(@Mixin AdministrationOption installation, @Parameters(paramLabel = "QUEUE") String queue)
            throws CannotStart, Unreachable, RequestRefused {
        return set(installation, queue, "drain");
    }

    @Command(name = "resume", description = "Let a paused or draining queue go on.")
    int resume(@Mixin AdministrationOption installation, @Parameters(paramLabel = "QUEUE") String queue)
            throws CannotStart, Unreachable, RequestRefused {
        return set(installation, queue, "resume");
    }

    private int set(AdministrationOption installation, String queue, String verb)
            throws CannotStart, Unreachable, RequestRefused {
        if (!queue.matches("[a-zA-Z0-9._-]+")) {
            throw new ParameterException(spec.commandLine(), "'" + queue + "' is no name of a queue");
        }
        try (Administrator administrator = installation.connect()) {
            print(administrator.call("POST", "/v1/queues/" + queue + "/" + verb, Map.of(), null));
        }
        return 0;
    }

    private void print(JsonNode queue) {
        spec.commandLine()
                .getOut()
                .printf(
                        "%-20s  %-8s  %6d queued  %5d running%n",
                        queue.path("name").asText(),
                        queue.path("state").asText(),
                        queue.path("queued").asLong(),
                        queue.path("running").asLong());
    }
}
