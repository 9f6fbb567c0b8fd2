package dev.safelight.common.request;

import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.sampling.Option;
import dev.safelight.common.sampling.Values;
import java.util.Collections;
import java.util.List;

/** Which of a bundle's LoRAs a picture is drawn with, and how much of each. */
final class LoraChoice {
    /** Far beyond 1 pictures fall apart. */
    private static final double MOST = 4;

    private LoraChoice() {}

    /** None where a bundle has none to choose from. */
    static List<Option<?>> options(Manifest manifest) {
        return manifest.loras() == null ? List.of() : List.of(option(manifest));
    }

    private static Option.Loras option(Manifest manifest) {
        return new Option.Loras(
                "loras",
                "What changes the network, with weights, 1 when omitted; of " + String.join(", ", manifest.loras()),
                manifest.loras(),
                MOST);
    }

    /** A weight for each LoRA of the bundle, in its order. */
    static List<Double> weights(Manifest manifest, Values values) {
        return manifest.loras() == null
                ? List.of()
                : values.find(option(manifest))
                        .orElse(Collections.nCopies(manifest.loras().size(), 0.0));
    }
}
