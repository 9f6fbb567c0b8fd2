package dev.safelight.worker.decode;

import dev.safelight.common.bundle.Manifest;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** Every decoder there is, by the kind that manifests name. */
public final class Decoders {
    private static final Map<String, Function<Manifest, Decoder>> KINDS = Map.of(
            "pixels",
            manifest -> Pixels.of(manifest.latent().shape(), manifest.latent().range()),
            // What the network answers is a picture already.
            "network",
            manifest ->
                    Pixels.of(manifest.pictures().shape(), manifest.pictures().range()));

    private Decoders() {}

    /** Empty when the manifest names a kind that this worker does not have. */
    public static Optional<Decoder> of(Manifest manifest) {
        return Optional.ofNullable(KINDS.get(manifest.decoder().kind())).map(create -> create.apply(manifest));
    }
}
