package dev.safelight.common.bundle;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The bundles of one models folder, newest first, and what in it is none. Versions of a model, which differ in their date,
 * may lie side by side: its name stands for the newest.
 */
public final class BundleLibrary {
    private static final Comparator<Bundle> NEWEST_FIRST = Comparator.comparing(
                    (Bundle bundle) -> bundle.manifest().date())
            .reversed()
            .thenComparing(Bundle::name);

    private final List<Bundle> bundles;
    private final List<BadBundle> bad;

    private BundleLibrary(List<Bundle> bundles, List<BadBundle> bad) {
        this.bundles = List.copyOf(bundles);
        this.bad = List.copyOf(bad);
    }

    /**
     * Reads every folder below {@code models} that holds a {@code model.json}. One that cannot be read, or whose name
     * another one has too, is bad and does not keep the others away.
     *
     * @throws BundleException when the folder itself cannot be listed
     */
    public static BundleLibrary open(Path models) {
        List<Bundle> read = new ArrayList<>();
        List<BadBundle> bad = new ArrayList<>();
        for (Path folder : folders(models)) {
            try {
                read.add(BundleReader.read(folder));
            } catch (RuntimeException e) {
                bad.add(bad(folder, e));
            }
        }
        return of(read, bad);
    }

    static BadBundle bad(Path folder, RuntimeException failure) {
        return new BadBundle(folder.getFileName().toString(), null, BadBundle.reason(failure));
    }

    /** @param bad what could not be read */
    static BundleLibrary of(List<Bundle> bundles, List<BadBundle> bad) {
        List<Bundle> good = new ArrayList<>(bundles);
        List<BadBundle> allBad = new ArrayList<>(bad);
        bundles.stream()
                .collect(Collectors.groupingBy(
                        bundle -> bundle.name() + " of " + bundle.manifest().date()))
                .forEach((what, twins) -> {
                    if (twins.size() > 1) {
                        good.removeAll(twins);
                        allBad.add(new BadBundle(
                                twins.getFirst().name(),
                                null,
                                twins.size() + " bundles are called " + what + ": "
                                        + twins.stream()
                                                .map(twin -> twin.folder().toString())
                                                .sorted()
                                                .collect(Collectors.joining(", "))));
                    }
                });
        good.sort(NEWEST_FIRST);
        return new BundleLibrary(good, allBad);
    }

    static List<Path> folders(Path models) {
        try (Stream<Path> folders = Files.list(models)) {
            return folders.filter(folder -> Files.exists(folder.resolve("model.json")))
                    .sorted()
                    .toList();
        } catch (IOException | UncheckedIOException e) {
            throw new BundleException("cannot list the models folder " + models + ": " + e.getMessage(), e);
        }
    }

    /** The newest version of a model. */
    public Optional<Bundle> find(String name) {
        return bundles.stream().filter(bundle -> bundle.name().equals(name)).findFirst();
    }

    /** One version of a model. */
    public Optional<Bundle> find(String name, String version) {
        return bundles.stream()
                .filter(bundle -> bundle.name().equals(name) && bundle.version().equals(version))
                .findFirst();
    }

    /** The newest version of each model, newest first. */
    public List<Bundle> all() {
        return bundles.stream()
                .filter(bundle -> find(bundle.name()).orElseThrow() == bundle)
                .toList();
    }

    /** What cannot be used, and why. */
    public List<BadBundle> bad() {
        return bad;
    }
}
