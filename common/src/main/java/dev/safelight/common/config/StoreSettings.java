package dev.safelight.common.config;

import java.nio.file.Path;

/**
 * Where outputs go.
 *
 * @param publicEndpoint where clients reach the S3 server, if not at {@code endpoint}; {@link #UNREACHABLE} where they
 *     cannot
 */
public record StoreSettings(
        Kind kind,
        Path folder,
        String bucket,
        String endpoint,
        String publicEndpoint,
        String region,
        String accessKey,
        String secretKey) {
    /** In place of a public endpoint: clients cannot reach the S3 server, so the API streams what it holds. */
    public static final String UNREACHABLE = "none";

    public enum Kind {
        FILE,
        S3
    }

    public static StoreSettings read(Settings settings) {
        Kind kind = settings.read("SAFELIGHT_STORE", "file", "where outputs go: file or s3", text -> switch (text) {
            case "file" -> Kind.FILE;
            case "s3" -> Kind.S3;
            default -> throw new IllegalArgumentException("must be file or s3");
        });
        return new StoreSettings(
                kind,
                Path.of(settings.text(
                        "SAFELIGHT_STORE_FOLDER",
                        ".safelight/outputs",
                        "folder of the file store, shared by API and workers")),
                settings.text("SAFELIGHT_S3_BUCKET", "safelight", "bucket of the S3 store; must exist"),
                settings.text("SAFELIGHT_S3_ENDPOINT", "", "URL of an S3-compatible server; empty for AWS"),
                settings.text(
                        "SAFELIGHT_S3_PUBLIC_ENDPOINT",
                        "",
                        "URL that clients reach the server under, if another; none where they cannot: the API then"
                                + " streams outputs instead of redirecting to them"),
                settings.text("SAFELIGHT_S3_REGION", "us-east-1", "region of the bucket"),
                settings.text("SAFELIGHT_S3_ACCESS_KEY", "", "access key; empty takes the SDK's default chain"),
                settings.text("SAFELIGHT_S3_SECRET_KEY", "", "secret of the access key"));
    }

    /** Without the secret: configuration is logged at start. */
    @Override
    public String toString() {
        return "StoreSettings[kind=" + kind + ", folder=" + folder + ", bucket=" + bucket + ", endpoint=" + endpoint
                + ", region=" + region + "]";
    }
}
