package dev.safelight.api.stream;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.safelight.api.query.JobQueries;
import dev.safelight.api.query.JobRow;
import dev.safelight.api.query.JobView;
import dev.safelight.api.query.JobViews;
import dev.safelight.common.event.PreviewShown;
import dev.safelight.common.event.Signal;
import dev.safelight.common.job.JobKey;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** Makes of rows and signals what streams send. */
final class Frames {
    private final JobQueries jobs;
    private final JobViews views;

    Frames(JobQueries jobs, JobViews views) {
        this.jobs = jobs;
        this.views = views;
    }

    /** The job waits, or began to run. @param reason why it waits again; null for the first time */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    private record Moved(UUID jobId, int attempt, Instant at, JsonNode reason) {}

    @JsonInclude(JsonInclude.Include.NON_NULL)
    private record Stepped(int attempt, int step, int of, Double eta) {}

    /** @return nothing where the job was deleted meanwhile */
    List<Frame> of(JobKey job, List<EventRow> rows) {
        boolean whole = rows.stream().anyMatch(row -> ofTheJob(row.type()));
        Optional<JobRow> found = whole ? jobs.find(job) : Optional.empty();
        if (whole && found.isEmpty()) {
            return List.of();
        }
        JobView view = found.map(views::whole).orElse(null);
        return rows.stream().map(row -> frame(job, row, view)).toList();
    }

    private static boolean ofTheJob(String type) {
        return switch (type) {
            case "queued", "started", "returned" -> false;
            default -> true;
        };
    }

    private static Frame frame(JobKey job, EventRow row, JobView view) {
        return switch (row.type()) {
            case "queued" -> frame(row, "queued", new Moved(job.jobId(), 0, row.at(), null), 0, false);
            case "started" ->
                frame(row, "started", new Moved(job.jobId(), row.attempt(), row.at(), null), row.attempt(), false);
            case "returned" ->
                frame(row, "queued", new Moved(job.jobId(), row.attempt(), row.at(), row.data()), 0, false);
            case "output" -> frame(row, "output", output(row, view), row.attempt(), false);
            default -> frame(row, row.type(), view, 0, true);
        };
    }

    private static Frame frame(EventRow row, String type, Object data, int attempt, boolean last) {
        return new Frame(row.id(), Frame.bytes(type, row.id(), data), attempt, last);
    }

    /** As the job lists it; only its index where it no longer does. */
    private static Object output(EventRow row, JobView view) {
        int index = row.data().path("ordinal").intValue();
        return view.outputs().stream()
                .filter(output -> output.index() == index)
                .<Object>map(output -> output)
                .findFirst()
                .orElse(Map.of("index", index));
    }

    /** @param data the file in base64 */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    private record Shown(
            int attempt, int step, int of, int image, int width, int height, String contentType, byte[] data) {}

    static byte[] preview(PreviewShown preview) {
        return Frame.passing(
                "preview",
                new Shown(
                        preview.attempt(),
                        preview.step(),
                        preview.steps(),
                        preview.image(),
                        preview.width(),
                        preview.height(),
                        preview.contentType(),
                        preview.data()));
    }

    static byte[] progress(Signal.Entry entry) {
        JobView.Progress progress = JobViews.progress(entry);
        return Frame.passing("progress", new Stepped(entry.attempt(), progress.step(), progress.of(), progress.eta()));
    }
}
