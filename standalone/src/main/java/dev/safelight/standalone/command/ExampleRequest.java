package dev.safelight.standalone.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.wire.Json;
import java.util.List;
import java.util.Optional;

/** A request that a model takes, for people to paste. */
record ExampleRequest(String model, Optional<Said> said) {
    private static final int SEED = 7;

    /** What the picture is to show, in a field of the input. @param option the same on the command line */
    record Said(String field, String value, String option) {
        static Said label(String name) {
            return new Said("class", name, "--class " + quoted(name));
        }

        static Said prompt(String text) {
            return new Said("prompt", text, "--prompt " + quoted(text));
        }
    }

    static ExampleRequest of(Manifest manifest) {
        List<String> classes = manifest.conditioning().classes();
        if (manifest.conditioning().text() != null) {
            return new ExampleRequest(manifest.name(), Optional.of(Said.prompt("a blue heart")));
        }
        return new ExampleRequest(
                manifest.name(),
                classes == null || classes.isEmpty() ? Optional.empty() : Optional.of(Said.label(classes.getFirst())));
    }

    /** Answers with the finished job, which says where its picture is. */
    String curl(String url) {
        ObjectNode request = Json.MAPPER.createObjectNode().put("model", model);
        ObjectNode input = request.putObject("input");
        said.ifPresent(what -> input.put(what.field(), what.value()));
        input.put("seed", SEED);
        return "curl -s -H 'Content-Type: application/json' -H 'Prefer: wait=30' -d " + quoted(Json.write(request))
                + " " + url + "/v1/jobs";
    }

    String submit(String url) {
        return "./safelight submit --url " + url + " --model " + quoted(model)
                + said.map(what -> " " + what.option()).orElse("") + " --seed " + SEED + " --count 4 -o out/";
    }

    /** As a POSIX shell reads it back. */
    private static String quoted(String text) {
        return text.matches("[A-Za-z0-9._/-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
    }
}
