package dev.safelight.worker.attempt;

import dev.safelight.common.bundle.BadBundle;
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
    private final Map<String, BadBundle> badByName;

    public Models(Collection<Model> models) {
        this(models, List.of());
    }

    /** @param bad what could not be loaded, and why */
    public Models(Collection<Model> models, Collection<BadBundle> bad) {
        this.badByName = bad.stream().collect(Collectors.toUnmodifiableMap(BadBundle::name, Function.identity()));
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
     * @throws UnservableJob when this worker has no such model, as happens while a new bundle is rolled out, or the model's
     *     bundle is bad, which no other worker can help
     */
    Model of(ClaimedJob job) {
        BadBundle bad = badByName.get(job.model());
        if (bad != null && (bad.version() == null || bad.version().equals(job.bundle()))) {
            throw UnservableJob.anywhere(new JobError("bad_bundle", bad.reason()));
        }
        Model model = byName.get(job.model());
        if (model == null) {
            throw UnservableJob.here(
                    new JobError("model_missing", "the worker has no model " + job.model() + "; it has " + names()));
        }
        if (!model.bundle().version().equals(job.bundle())) {
            throw UnservableJob.here(new JobError(
                    "bundle_version",
                    "the job was validated against version " + job.bundle() + " of model " + job.model()
                            + ", and the worker has " + model.bundle().version()));
        }
        return model;
    }
}
