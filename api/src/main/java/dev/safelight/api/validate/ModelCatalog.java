package dev.safelight.api.validate;

import dev.safelight.common.bundle.BadBundle;
import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.BundleLibrary;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The models that requests may name, newest first: what the models folder holds, also after it has changed. */
public final class ModelCatalog {
    private static final Logger LOG = LoggerFactory.getLogger(ModelCatalog.class);

    private final Supplier<BundleLibrary> shelf;
    private volatile Catalog catalog = new Catalog(null, Map.of());

    /** What was made of a library. */
    private record Catalog(BundleLibrary contents, Map<String, Model> models) {}

    public ModelCatalog(BundleLibrary library) {
        this(() -> library);
    }

    /** @param shelf the library as it is at the time; the same object while nothing has changed */
    public ModelCatalog(Supplier<BundleLibrary> shelf) {
        this.shelf = shelf;
        models();
    }

    /** Of the bundles that can be offered; the others are reported in the log. */
    private Map<String, Model> models() {
        BundleLibrary library = shelf.get();
        Catalog known = catalog;
        return known.contents() == library ? known.models() : renewed(library);
    }

    private synchronized Map<String, Model> renewed(BundleLibrary library) {
        if (catalog.contents() == library) {
            return catalog.models();
        }
        library.bad().forEach(ModelCatalog::report);
        Map<Bundle, Model> compiled = new HashMap<>();
        catalog.models().values().forEach(model -> compiled.put(model.bundle(), model));
        Map<String, Model> models = new LinkedHashMap<>();
        for (Bundle bundle : library.all()) {
            try {
                Model before = compiled.get(bundle);
                models.put(bundle.name(), before == null ? new Model(bundle) : before);
            } catch (RuntimeException e) {
                report(BadBundle.of(bundle, e));
            }
        }
        catalog = new Catalog(library, models);
        return models;
    }

    private static void report(BadBundle bundle) {
        LOG.error("model {} is not offered: {}", bundle.name(), bundle.reason());
    }

    public Optional<Model> find(String name) {
        return Optional.ofNullable(models().get(name));
    }

    public List<Model> all() {
        return List.copyOf(models().values());
    }

    /** For messages. */
    public String names() {
        Map<String, Model> models = models();
        return models.isEmpty() ? "none is installed" : String.join(", ", models.keySet());
    }
}
