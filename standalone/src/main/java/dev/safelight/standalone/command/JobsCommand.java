package dev.safelight.standalone.command;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.standalone.client.RequestRefused;
import dev.safelight.standalone.client.SafelightClient;
import dev.safelight.standalone.client.Unreachable;
import java.io.PrintWriter;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(name = "jobs", description = "List jobs, newest first.")
final class JobsCommand implements Callable<Integer> {
    @Mixin
    private ServerOption server;

    @Option(names = "--state", description = "Only jobs in this state.")
    private String state;

    @Option(names = "--model", description = "Only jobs of this model.")
    private String model;

    @Option(names = "--limit", defaultValue = "20", description = "Most jobs to list (default 20).")
    private String limit;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Unreachable, RequestRefused {
        Map<String, String> query = new HashMap<>();
        query.put("state", state);
        query.put("model", model);
        query.put("limit", limit);
        PrintWriter out = spec.commandLine().getOut();
        try (SafelightClient client = server.connect()) {
            for (JsonNode job : client.jobs(query).path("jobs")) {
                JsonNode progress = job.path("progress");
                out.printf(
                        "%s  %-9s  %3d/%-3d  %s  %s%n",
                        job.path("id").asText(),
                        job.path("state").asText(),
                        progress.path("step").asInt(),
                        progress.path("of").asInt(),
                        job.path("created_at").asText(),
                        job.path("model").asText());
            }
        }
        return 0;
    }
}
