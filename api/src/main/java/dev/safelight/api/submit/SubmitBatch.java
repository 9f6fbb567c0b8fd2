package dev.safelight.api.submit;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.safelight.api.file.InputImages;
import dev.safelight.api.http.Handler;
import dev.safelight.api.http.Problem;
import dev.safelight.api.http.Reply;
import dev.safelight.api.http.Request;
import dev.safelight.api.query.JobView;
import dev.safelight.api.validate.JobRequest;
import dev.safelight.api.validate.JobRequestCheck;
import dev.safelight.api.validate.Schema;
import dev.safelight.api.validate.Violation;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * {@code POST /v1/jobs:batch}: many submits in one transaction. Each is answered for itself, as it would have been alone;
 * or, where all or none is wanted, the first that cannot be answers for all.
 */
public final class SubmitBatch implements Handler {
    private static final String KEY = "idempotency_key";
    /** They are fetched one after the other, while the client waits. */
    private static final int MOST_URLS = 16;

    private static final String TOO_MANY_URLS =
            "a batch may name at most " + MOST_URLS + " images by URL; upload them, or name them by data URL or digest";

    private final Schema jobRequest;
    private final Schema idempotencyKey;
    private final JobRequestCheck check;
    private final SubmitJob single;
    private final Submitter submitter;
    private final SubmissionReply replies;

    private record Results(List<Result> results) {}

    /** @param job or {@code problem}, never both */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    private record Result(int status, Boolean replayed, JobView job, Problem problem) {}

    /** One of the requests, checked. */
    private sealed interface Item {}

    private record Valid(Submitter.NewJob job) implements Item {}

    private record Invalid(List<Violation> violations) implements Item {}

    /** Nothing is to be inserted for it. */
    private record Decided(Submitter.Outcome outcome) implements Item {}

    /** Its image could not be stored now. */
    private record Unstored(Problem problem) implements Item {}

    /**
     * @param jobRequest the document's schema of one request
     * @param idempotencyKey the document's schema of a key
     * @param single makes of a valid request what is stored
     */
    public SubmitBatch(
            Schema jobRequest,
            Schema idempotencyKey,
            JobRequestCheck check,
            SubmitJob single,
            Submitter submitter,
            SubmissionReply replies) {
        this.single = single;
        this.jobRequest = jobRequest;
        this.idempotencyKey = idempotencyKey;
        this.check = check;
        this.submitter = submitter;
        this.replies = replies;
    }

    @Override
    public Reply handle(Request request) throws InterruptedException, SQLException {
        JsonNode requests = request.body().get("requests");
        boolean atomic = request.body().path("atomic").booleanValue();
        List<Item> items = new ArrayList<>(requests.size());
        int urls = 0;
        for (int i = 0; i < requests.size(); i++) {
            String place = "/requests/" + i;
            urls += urls(requests.get(i));
            items.add(
                    urls > MOST_URLS
                            ? new Invalid(List.of(Violation.body("too_many", "#" + place + "/input", TOO_MANY_URLS)))
                            : item(request, requests.get(i), place));
        }
        if (atomic) {
            List<Violation> violations = items.stream()
                    .filter(Invalid.class::isInstance)
                    .flatMap(item -> ((Invalid) item).violations().stream())
                    .toList();
            if (!violations.isEmpty()) {
                return Problem.invalid(422, violations).reply();
            }
            for (Item item : items) {
                if (item instanceof Unstored(Problem problem)) {
                    return problem.reply();
                }
            }
            for (int i = 0; i < items.size(); i++) {
                if (items.get(i) instanceof Decided(var outcome) && !stands(outcome)) {
                    return refusal(i, outcome);
                }
            }
        }
        List<Submitter.NewJob> jobs = items.stream()
                .filter(Valid.class::isInstance)
                .map(item -> ((Valid) item).job())
                .toList();
        List<Submitter.Outcome> outcomes = jobs.isEmpty() ? List.of() : submitter.submit(jobs, atomic);
        if (outcomes.stream().anyMatch(Submitter.Unavailable.class::isInstance) && outcomes.size() == items.size()) {
            return SubmissionReply.refusal(new Submitter.Unavailable());
        }
        List<Submitter.Outcome> all = merged(items, outcomes);
        return atomic ? allOrNone(all) : each(items, all);
    }

    /** Of each item in turn; null where it has none. */
    private static List<Submitter.Outcome> merged(List<Item> items, List<Submitter.Outcome> outcomes) {
        Iterator<Submitter.Outcome> inserted = outcomes.iterator();
        List<Submitter.Outcome> all = new ArrayList<>();
        for (Item item : items) {
            all.add(
                    switch (item) {
                        case Valid _ -> inserted.next();
                        case Decided(var outcome) -> outcome;
                        case Invalid _, Unstored _ -> null;
                    });
        }
        return all;
    }

    /** Whether a job is there, or nothing but another one keeps it from being there. */
    private static boolean stands(Submitter.Outcome outcome) {
        return outcome instanceof Submitter.Created
                || outcome instanceof Submitter.Replayed
                || outcome instanceof Submitter.NotTried;
    }

    private static Reply refusal(int i, Submitter.Outcome outcome) {
        return SubmissionReply.refusal(outcome, "none was submitted: #/requests/" + i + ": ");
    }

    private Reply allOrNone(List<Submitter.Outcome> outcomes) {
        for (int i = 0; i < outcomes.size(); i++) {
            if (!stands(outcomes.get(i))) {
                return refusal(i, outcomes.get(i));
            }
        }
        return Reply.json(200, new Results(outcomes.stream().map(this::result).toList()));
    }

    private Reply each(List<Item> items, List<Submitter.Outcome> outcomes) {
        List<Result> results = new ArrayList<>(items.size());
        for (int i = 0; i < items.size(); i++) {
            results.add(
                    switch (items.get(i)) {
                        case Invalid(var violations) -> new Result(422, null, null, Problem.invalid(422, violations));
                        case Unstored(var problem) -> new Result(problem.status(), null, null, problem);
                        case Valid _, Decided _ -> result(outcomes.get(i));
                    });
        }
        return Reply.json(200, new Results(results));
    }

    private Result result(Submitter.Outcome outcome) {
        return switch (outcome) {
            case Submitter.Created(var job) -> new Result(202, null, replies.view(job), null);
            case Submitter.Replayed(var job) ->
                new Result(job.state().terminal() ? 200 : 202, true, replies.view(job), null);
            default -> {
                Problem problem = SubmissionReply.problem(outcome, "");
                yield new Result(problem.status(), null, null, problem);
            }
        };
    }

    private Item item(Request request, JsonNode sent, String place) throws InterruptedException {
        ObjectNode body = sent.deepCopy();
        JsonNode key = body.remove(KEY);
        List<Violation> violations = new ArrayList<>();
        if (key != null) {
            violations.addAll(
                    key.isTextual()
                            ? idempotencyKey.violations(key, place + "/" + KEY)
                            : List.of(Violation.body("wrong_type", "#" + place + "/" + KEY, "must be a string")));
        }
        violations.addAll(jobRequest.violations(body, place));
        if (!violations.isEmpty()) {
            return new Invalid(violations);
        }
        return switch (check.check(body)) {
            case JobRequestCheck.Invalid(var found) -> new Invalid(moved(found, place));
            case JobRequestCheck.Valid(JobRequest valid) -> {
                String name = key == null ? null : key.textValue();
                Optional<Submitter.Outcome> decided = single.beforehand(request, valid, name);
                yield decided.isPresent() ? new Decided(decided.get()) : brought(request, valid, name, place);
            }
        };
    }

    private Item brought(Request request, JobRequest valid, String key, String place) throws InterruptedException {
        return switch (single.bring(request, valid)) {
            case InputImages.Ready(JobRequest ready) -> new Valid(single.newJob(request, ready, key));
            case InputImages.Wrong(var found) -> new Invalid(moved(found, place));
            case InputImages.NotNow(Problem problem) -> new Unstored(problem);
        };
    }

    private static int urls(JsonNode request) {
        return (int) Stream.of("image", "mask")
                .filter(field -> request.path("input").path(field).asText().startsWith("http"))
                .count();
    }

    private static List<Violation> moved(List<Violation> found, String place) {
        return found.stream()
                .map(violation -> Violation.body(
                        violation.code(), "#" + place + violation.pointer().substring(1), violation.detail()))
                .toList();
    }
}
