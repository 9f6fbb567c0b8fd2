package dev.safelight.common.bundle;

/**
 * A bundle that cannot be used. It is nobody else's trouble: the other bundles of the folder are.
 *
 * @param name what jobs would call it; of a manifest that cannot be read, its folder's name
 * @param version as far as the manifest can be read, else null
 * @param reason for whoever runs the installation, in one line
 */
public record BadBundle(String name, String version, String reason) {
    /** A bundle that was read and then turned out to be bad. Whatever was thrown over it, even a bug's, stays with it. */
    public static BadBundle of(Bundle bundle, RuntimeException failure) {
        return new BadBundle(bundle.name(), bundle.version(), reason(failure));
    }

    static String reason(RuntimeException failure) {
        String reason = failure instanceof BundleException ? failure.getMessage() : failure.toString();
        return reason.replaceAll("\\R+", "; ");
    }
}
