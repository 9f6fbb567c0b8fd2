package dev.safelight.api.validate;

import dev.safelight.common.bundle.BadBundle;
import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.BundleLibrary;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The models that requests may name, newest first. */
public final class ModelCatalog {
    private static final Logger LOG = LoggerFactory.getLogger(ModelCatalog.class);

    private final Map<String, Model> models = new LinkedHashMap<>();

    /** Of the bundles that can be offered; the others are reported in the log. */
    public ModelCatalog(BundleLibrary library) {
        library.bad().forEach(ModelCatalog::report);
        for (Bundle bundle : library.all()) {
            try {
                models.put(bundle.name(), new Model(bundle));
            } catch (RuntimeException e) {
                report(BadBundle.of(bundle, e));
            }
        }
    }

    private static void report(BadBundle bundle) {
        LOG.error("model {} is not offered: {}", bundle.name(), bundle.reason());
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
