package dev.safelight.worker.attempt;

import dev.safelight.common.job.JobError;
import dev.safelight.worker.generate.Model;
import dev.safelight.worker.store.ClaimedJob;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The models that this worker has loaded. */
public final class Models {
    private final Map<String, Model> byName;

    public Models(Collection<Model> models) {
        this.byName = models.stream()
                .collect(Collectors.toUnmodifiableMap(model -> model.bundle().name(), Function.identity()));
    }

    public Collection<Model> all() {
        return byName.values();
    }

    public List<String> names() {
        return byName.keySet().stream().sorted().toList();
    }

    /**
     * The model of a job, in the version that its request was validated against: another version may not know its class
     * or sampler, and would give another image.
     *
     * @throws UnservableJob when this worker has no such model, as happens while a new bundle is rolled out
     */
    Model of(ClaimedJob job) {
        Model model = byName.get(job.model());
        if (model == null) {
            throw new UnservableJob(
                    new JobError("model_missing", "the worker has no model " + job.model() + "; it has " + names()));
        }
        if (!model.bundle().version().equals(job.bundle())) {
            throw new UnservableJob(new JobError(
                    "bundle_version",
                    "the job was validated against version " + job.bundle() + " of model " + job.model()
                            + ", and the worker has " + model.bundle().version()));
        }
        return model;
    }
}
