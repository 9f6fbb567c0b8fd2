package dev.safelight.api.query;

import dev.safelight.api.http.EntityTag;
import dev.safelight.api.http.Handler;
import dev.safelight.api.http.Problem;
import dev.safelight.api.http.Reply;
import dev.safelight.api.http.Request;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.store.ObjectStore;
import java.io.IOException;
import java.net.URI;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.Optional;

/** {@code GET} and {@code HEAD /v1/jobs/{job_id}/outputs/{ordinal}}: an image never changes under its URL. */
public final class GetOutput implements Handler {
    private static final Duration SIGNED_FOR = Duration.ofMinutes(15);

    static final String WITHHELD = "the safety check withheld the image";

    private final JobQueries jobs;
    private final ObjectStore store;
    private final boolean withBody;

    private GetOutput(JobQueries jobs, ObjectStore store, boolean withBody) {
        this.jobs = jobs;
        this.store = store;
        this.withBody = withBody;
    }

    public static GetOutput get(JobQueries jobs, ObjectStore store) {
        return new GetOutput(jobs, store, true);
    }

    public static GetOutput head(JobQueries jobs, ObjectStore store) {
        return new GetOutput(jobs, store, false);
    }

    @Override
    public Reply handle(Request request) throws IOException {
        JobKey job = request.jobKey();
        int ordinal = request.integer("ordinal");
        Optional<JobQueries.StoredOutput> found = jobs.output(job, ordinal);
        if (found.isEmpty() && jobs.withheld(job, ordinal)) {
            return new Problem(404, "output_withheld", WITHHELD).reply();
        }
        if (found.isEmpty()) {
            return Problem.notFound("job " + job.jobId() + " has no output " + ordinal)
                    .reply();
        }
        JobQueries.StoredOutput output = found.get();
        if (output.expired()) {
            return new Problem(410, "output_expired", "the image was kept until " + output.expiresAt()).reply();
        }
        String tag = EntityTag.quoted(output.sha256());
        if (EntityTag.matches(request.text("If-None-Match"), tag)) {
            return Reply.empty(304).with("ETag", tag).with("Cache-Control", immutable(output));
        }
        Duration validity = SIGNED_FOR.toSeconds() <= output.secondsLeft()
                ? SIGNED_FOR
                : Duration.ofSeconds(Math.max(1, output.secondsLeft()));
        Optional<URI> elsewhere = store.presign(output.objectKey(), output.contentType(), validity);
        if (elsewhere.isPresent()) {
            return Reply.empty(307)
                    .with("Location", elsewhere.get().toString())
                    .with("Cache-Control", "private, max-age=" + validity.toSeconds() / 2);
        }
        return bytes(request, output, tag, fileName(job, ordinal, output.contentType()));
    }

    private Reply bytes(Request request, JobQueries.StoredOutput output, String tag, String fileName)
            throws IOException {
        // A range of another representation than the client has is of no use to it.
        boolean ranged = request.text("If-Range").map(tag::equals).orElse(true);
        ByteRange.Asked asked = ByteRange.parse(ranged ? request.text("Range") : Optional.empty(), output.bytes());
        try {
            Reply reply = switch (asked) {
                case ByteRange.Whole() -> open(200, output, new ByteRange(0, output.bytes() - 1));
                case ByteRange.Part(ByteRange range) ->
                    open(206, output, range)
                            .with(
                                    "Content-Range",
                                    "bytes " + range.first() + "-" + range.last() + "/" + output.bytes());
                case ByteRange.Unsatisfiable() ->
                    new Problem(416, "range_not_satisfiable", "the image has " + output.bytes() + " bytes")
                            .reply()
                            .with("Content-Range", "bytes */" + output.bytes());
            };
            return reply.status() == 416
                    ? reply
                    : reply.with("ETag", tag)
                            .with("Cache-Control", immutable(output))
                            .with("Accept-Ranges", "bytes")
                            .with("Content-Disposition", "inline; filename=\"" + fileName + "\"")
                            .with("X-Content-Type-Options", "nosniff");
        } catch (NoSuchFileException e) {
            return Problem.notFound("the store no longer has this image").reply();
        }
    }

    /** It never changes, and is the client's to keep no longer than it is ours. */
    private static String immutable(JobQueries.StoredOutput output) {
        return "private, max-age=" + output.secondsLeft() + ", immutable";
    }

    private Reply open(int status, JobQueries.StoredOutput output, ByteRange range) throws IOException {
        return withBody
                ? Reply.stream(
                        status,
                        output.contentType(),
                        store.open(output.objectKey(), range.first(), range.last()),
                        range.length())
                : Reply.empty(status)
                        .with("Content-Type", output.contentType())
                        .with("Content-Length", Long.toString(range.length()));
    }

    private static String fileName(JobKey job, int ordinal, String contentType) {
        return job.jobId() + "-" + ordinal + "." + contentType.substring(contentType.indexOf('/') + 1);
    }
}
