package dev.safelight.common.bundle;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** The bundles of one models folder, newest first. */
public final class BundleLibrary {
    private static final Comparator<Bundle> NEWEST_FIRST = Comparator.comparing(
                    (Bundle bundle) -> bundle.manifest().date())
            .reversed()
            .thenComparing(Bundle::name);

    private final Map<String, Bundle> byName;

    private BundleLibrary(Map<String, Bundle> byName) {
        this.byName = byName;
    }

    public static BundleLibrary of(Collection<Bundle> bundles) {
        Map<String, Bundle> byName = new LinkedHashMap<>();
        bundles.stream().sorted(NEWEST_FIRST).forEach(bundle -> {
            Bundle twin = byName.put(bundle.name(), bundle);
            if (twin != null) {
                throw new BundleException(
                        "two bundles are called " + bundle.name() + ": " + twin.folder() + " and " + bundle.folder());
            }
        });
        return new BundleLibrary(byName);
    }

    /**
     * Reads every folder below {@code models} that holds a {@code model.json}.
     *
     * @throws BundleException when the folder cannot be listed or one of its bundles is invalid
     */
    public static BundleLibrary open(Path models) {
        try (Stream<Path> folders = Files.list(models)) {
            List<Bundle> bundles = new ArrayList<>();
            folders.filter(folder -> Files.exists(folder.resolve("model.json")))
                    .forEach(folder -> bundles.add(BundleReader.read(folder)));
            return of(bundles);
        } catch (IOException e) {
            throw new BundleException("cannot list the models folder " + models + ": " + e.getMessage(), e);
        }
    }

    public Optional<Bundle> find(String name) {
        return Optional.ofNullable(byName.get(name));
    }

    /** Newest first. */
    public List<Bundle> all() {
        return List.copyOf(byName.values());
    }
}
