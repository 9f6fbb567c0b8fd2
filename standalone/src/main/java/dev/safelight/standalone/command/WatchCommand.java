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

@Command(name = "watch", description = "Show the progress of a job until it is over. Ctrl-C leaves the job running.")
final class WatchCommand implements Callable<Integer> {
    @Mixin
    private ServerOption server;

    @Parameters(paramLabel = "ID", description = "Id of the job.")
    private String id;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Unreachable, RequestRefused, InterruptedException {
        try (SafelightClient client = server.connect()) {
            JsonNode job = new JobFollower(client, ProgressDisplay.of(spec)).follow(client.job(id));
            for (JsonNode output : job.path("outputs")) {
                spec.commandLine()
                        .getOut()
                        .println(output.path("url")
                                .asText(output.at("/error/message").asText()));
            }
            return job.path("state").asText().equals("succeeded") ? 0 : Safelight.FAILED;
        }
    }
}
