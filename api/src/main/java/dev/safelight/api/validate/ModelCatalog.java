package dev.safelight.api.validate;

import dev.safelight.common.bundle.BundleLibrary;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The models that requests may name, newest first. */
public final class ModelCatalog {
    private final Map<String, Model> models = new LinkedHashMap<>();

    public ModelCatalog(BundleLibrary library) {
        library.all().forEach(bundle -> models.put(bundle.name(), new Model(bundle)));
    }

    public Optional<Model> find(String name) {
        return Optional.ofNullable(models.get(name));
    }

    public List<Model> all() {
        return List.copyOf(models.values());
    }

    /** For messages. */
    public String names() {
        return models.isEmpty() ? "none is installed" : String.join(", ", models.keySet());
    }
}
