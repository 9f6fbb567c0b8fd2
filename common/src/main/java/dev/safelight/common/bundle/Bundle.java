package dev.safelight.common.bundle;

import java.nio.file.Path;

/**
 * A model as it lies on disk.
 *
 * @param version SHA-256 of {@code model.json}, hex; the manifest lists the digest of every file that matters, so this
 *     one digest names the content of the whole folder
 */
public record Bundle(Manifest manifest, Path folder, String version) {

    public String name() {
        return manifest.name();
    }

    /** A file of the bundle; the name comes from the manifest, which {@link BundleReader} has checked. */
    public Path file(String name) {
        return folder.resolve(name);
    }
}
