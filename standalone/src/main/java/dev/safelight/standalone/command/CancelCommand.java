package dev.safelight.standalone.command;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.standalone.client.RequestRefused;
import dev.safelight.standalone.client.SafelightClient;
import dev.safelight.standalone.client.Unreachable;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(name = "cancel", description = "Cancel a job: a queued one at once, a running one at its next step.")
final class CancelCommand implements Callable<Integer> {
    @Mixin
    private ServerOption server;

    @Parameters(paramLabel = "ID", description = "Id of the job.")
    private String id;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Unreachable, RequestRefused {
        try (SafelightClient client = server.connect()) {
            JsonNode job = client.cancel(id);
            spec.commandLine()
                    .getOut()
                    .println("job " + id + " is " + job.path("state").asText()
                            + (job.path("state").asText().equals("running") ? " and ends at its next step" : ""));
        }
        return 0;
    }
}
