package dev.safelight.standalone.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Set;

/** Something that happened to a job, as its event stream tells it. */
public record JobEvent(String type, JsonNode data) {
    private static final Set<String> LAST = Set.of("succeeded", "failed", "canceled", "expired");

    /** Whether nothing comes after it. */
    public boolean last() {
        return LAST.contains(type);
    }

    /** The job after this, as far as it was known before. */
    public JsonNode applied(JsonNode job) {
        if (last()) {
            return data;
        }
        ObjectNode after = job.deepCopy();
        switch (type) {
            case "queued" ->
                after.put("state", "queued")
                        .withObject("/progress")
                        .put("step", 0)
                        .remove("eta");
            case "started" -> after.put("state", "running").remove("queue");
            case "progress" -> {
                ObjectNode progress = after.withObject("/progress");
                progress.remove("eta");
                data.properties().stream()
                        .filter(field -> !field.getKey().equals("attempt"))
                        .forEach(field -> progress.set(field.getKey(), field.getValue()));
            }
            default -> {
                // Previews and outputs do not show on a line.
            }
        }
        return after;
    }
}
