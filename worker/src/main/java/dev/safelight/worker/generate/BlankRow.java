package dev.safelight.worker.generate;

import dev.safelight.common.bundle.InputShape;
import dev.safelight.common.bundle.Manifest;
import dev.safelight.worker.batch.Conditioning;
import dev.safelight.worker.batch.Row;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A row of zeros, to see whether a network runs. */
final class BlankRow {
    private static final List<String> OF_THE_ROW = List.of("x", "t", "class", "factors");

    private BlankRow() {}

    static Row of(Manifest manifest, String role) {
        Map<String, float[]> more = new HashMap<>();
        List<String> inputs = manifest.networks().get(role).inputs();
        for (String input : inputs) {
            if (!OF_THE_ROW.contains(input)) {
                more.put(input, new float[InputShape.size(manifest, role, input)]);
            }
        }
        float[] x = inputs.contains("x") ? new float[InputShape.size(manifest, role, "x")] : new float[0];
        return new Row(x, 0, conditioning(manifest), more);
    }

    /** Not what stands for none: a network may not know that. */
    private static Conditioning conditioning(Manifest manifest) {
        return manifest.conditioning().kind().equals("class")
                ? new Conditioning.ClassIndex(0)
                : Request.anything(manifest);
    }
}
