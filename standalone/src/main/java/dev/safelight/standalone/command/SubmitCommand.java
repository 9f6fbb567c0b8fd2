package dev.safelight.standalone.command;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.safelight.common.wire.Json;
import dev.safelight.standalone.client.RequestRefused;
import dev.safelight.standalone.client.SafelightClient;
import dev.safelight.standalone.client.Unreachable;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "submit",
        description = "Submit a job, show its progress, and write its pictures. Ctrl-C leaves the job running.")
final class SubmitCommand implements Callable<Integer> {
    private static final int LONGEST_NAME = 40;

    @Mixin
    private ServerOption server;

    @Option(names = "--model", description = "Name of the model (default: the newest one).")
    private String model;

    @Option(names = "--class", description = "Class to draw, of a model that has classes.")
    private String label;

    @Option(
            names = "--prompt",
            paramLabel = "TEXT",
            description = "What to draw, in words, of a model that reads them.")
    private String prompt;

    @Option(names = "--negative-prompt", paramLabel = "TEXT", description = "What to get away from, in words.")
    private String negativePrompt;

    @Option(names = "--width", paramLabel = "PIXELS", description = "Of the picture (default: the model's own).")
    private Integer width;

    @Option(names = "--height", paramLabel = "PIXELS", description = "Of the picture (default: the model's own).")
    private Integer height;

    @Option(names = "--seed", description = "Seed of the first picture; each further one adds 1 (default: random).")
    private Long seed;

    @Option(names = "--count", description = "How many pictures (default 1).")
    private Integer count;

    @Option(names = "--sampler", description = "Sampler (default: the model's).")
    private String sampler;

    @Option(names = "--steps", description = "Sampler steps (default: the model's).")
    private Integer steps;

    @Option(names = "--guidance", description = "Weight of classifier-free guidance (default: the model's).")
    private Double guidance;

    @Option(names = "--image", paramLabel = "FILE|URL", description = "An image to start from; a file is uploaded.")
    private String image;

    @Option(
            names = "--mask",
            paramLabel = "FILE|URL",
            description = "Which part of the image is drawn: white is, black is kept.")
    private String mask;

    @Option(names = "--strength", description = "How far to lead away from the image, 0 to 1.")
    private Double strength;

    @Option(
            names = "--format",
            paramLabel = "png|jpeg|webp",
            description = "Of the files (default png, which keeps every pixel).")
    private String format;

    @Option(names = "--quality", description = "Of jpeg and webp, 1 to 100 (default 90).")
    private Integer quality;

    @Option(
            names = "--input",
            paramLabel = "NAME=VALUE",
            description = "Any other field of the input, for example --input eta=1 (repeatable).")
    private Map<String, String> input = new TreeMap<>();

    @Option(names = "--priority", description = "low, normal or high (default normal).")
    private String priority;

    @Option(
            names = "--deadline",
            converter = Seconds.class,
            description = "Start within so long (45s, 30m, 12h) or not at all: the job is then expired.")
    private Long deadline;

    @Option(
            names = "--timeout",
            converter = Seconds.class,
            description = "Run no longer than this from the first start on: the job is then failed.")
    private Long timeout;

    @Option(names = "--metadata", paramLabel = "NAME=VALUE", description = "Something to find the job by (repeatable).")
    private Map<String, String> metadata = new TreeMap<>();

    @Option(names = "--webhook", paramLabel = "URL", description = "Where to be told of the job's end.")
    private String webhook;

    @Option(
            names = {"-o", "--out"},
            paramLabel = "FOLDER",
            defaultValue = "out",
            description = "Folder for the pictures (default out).")
    private Path out;

    @Option(
            names = "--wait",
            negatable = true,
            defaultValue = "true",
            fallbackValue = "true",
            description = "Wait for the pictures (default); with --no-wait print the job's id and leave.")
    private boolean wait;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Unreachable, RequestRefused, IOException, InterruptedException {
        PrintWriter console = spec.commandLine().getOut();
        try (SafelightClient client = server.connect()) {
            ObjectNode request = request(model == null ? newest(client) : model);
            bring(client, request, "image", image);
            bring(client, request, "mask", mask);
            JsonNode job = client.submit(request);
            if (!wait) {
                console.println(job.path("id").asText());
                return 0;
            }
            job = new JobFollower(client, ProgressDisplay.of(spec)).follow(job);
            if (!job.path("state").asText().equals("succeeded")) {
                spec.commandLine().getErr().println("safelight: " + misfortune(job));
                return Safelight.FAILED;
            }
            write(client, job, console);
            return 0;
        }
    }

    ObjectNode request(String modelName) {
        ObjectNode request = Json.MAPPER.createObjectNode().put("model", modelName);
        ObjectNode fields = request.putObject("input");
        input.forEach((name, value) -> fields.set(name, parsed(value)));
        putIfGiven(fields, "class", label);
        putIfGiven(fields, "prompt", prompt);
        putIfGiven(fields, "negative_prompt", negativePrompt);
        putIfGiven(fields, "width", width);
        putIfGiven(fields, "height", height);
        putIfGiven(fields, "seed", seed);
        putIfGiven(fields, "count", count);
        putIfGiven(fields, "sampler", sampler);
        putIfGiven(fields, "steps", steps);
        putIfGiven(fields, "guidance", guidance);
        putIfGiven(fields, "strength", strength);
        if (format != null || quality != null) {
            ObjectNode output = fields.putObject("output");
            putIfGiven(output, "format", format);
            putIfGiven(output, "quality", quality);
        }
        putIfGiven(request, "priority", priority);
        putIfGiven(request, "deadline", deadline);
        putIfGiven(request, "timeout", timeout);
        if (webhook != null) {
            request.putObject("webhook").put("url", webhook);
        }
        if (!metadata.isEmpty()) {
            metadata.forEach(request.putObject("metadata")::put);
        }
        return request;
    }

    private static void bring(SafelightClient client, ObjectNode request, String field, String named)
            throws Unreachable, RequestRefused, IOException {
        if (named == null) {
            return;
        }
        boolean file = !named.matches("(https?|data|sha256):.*") && Files.exists(Path.of(named));
        ((ObjectNode) request.get("input"))
                .put(field, file ? client.upload(Files.readAllBytes(Path.of(named)), mediaType(named)) : named);
    }

    /** By the file's name; the server looks at the bytes. */
    private static String mediaType(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        if (lower.endsWith(".webp")) {
            return "image/webp";
        }
        return lower.endsWith(".jpg") || lower.endsWith(".jpeg") ? "image/jpeg" : "image/png";
    }

    private static void putIfGiven(ObjectNode object, String name, Object value) {
        if (value != null) {
            object.putPOJO(name, value);
        }
    }

    /** JSON as such, all else as text; the server checks what fits. */
    private static JsonNode parsed(String value) {
        try {
            JsonNode node = Json.MAPPER.readTree(value);
            return node != null && !node.isMissingNode() ? node : new TextNode(value);
        } catch (JsonProcessingException e) {
            return new TextNode(value);
        }
    }

    private static String newest(SafelightClient client) throws Unreachable, RequestRefused {
        JsonNode models = client.models().path("models");
        if (models.isEmpty()) {
            throw new RequestRefused("the server has no model");
        }
        return models.get(0).path("name").asText();
    }

    private static String misfortune(JsonNode job) {
        JsonNode error = job.path("error");
        String why = error.isObject()
                ? ": " + error.path("message").asText() + " ("
                        + error.path("code").asText() + ")"
                : "";
        return "job " + job.path("id").asText() + " is " + job.path("state").asText() + why.replaceAll("\\R+", " ");
    }

    private void write(SafelightClient client, JsonNode job, PrintWriter console)
            throws Unreachable, RequestRefused, IOException {
        PictureFolder folder = new PictureFolder(out);
        JsonNode input = job.path("input");
        String shown = input.path("class").asText(input.path("prompt").asText());
        for (JsonNode output : job.path("outputs")) {
            if (!output.has("url")) {
                console.println("image " + output.path("index").asInt() + ": "
                        + output.at("/error/message").asText());
                continue;
            }
            byte[] picture = client.output(output.path("url").asText());
            String[] type = output.path("content_type").asText("image/png").split("/");
            console.println(folder.write(
                    fileName(job.path("model").asText())
                            + (shown.isBlank() ? "" : "-" + fileName(shown))
                            + "-" + output.path("seed").asText(),
                    type[type.length - 1],
                    picture));
        }
    }

    /** Names come from the server; none may lead out of the folder. A prompt is too long for one. */
    private static String fileName(String text) {
        String name = text.replaceAll("[^A-Za-z0-9._-]+", "_").replaceAll("^\\.+", "_");
        return name.substring(0, Math.min(name.length(), LONGEST_NAME));
    }
}
