package dev.safelight.worker.generate;

import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.bundle.Offers;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * Loads onto an engine and measures what that took: how much the process grew beyond its heap, and never less than the
 * network's file. On a GPU the weights lie elsewhere, and the file is what is known of them.
 */
public final class EngineLoader implements ModelCache.Loader {
    private static final Path RESIDENT = Path.of("/proc/self/statm");
    private static final int PAGE = 4096;

    private final Engine engine;

    public EngineLoader(Engine engine) {
        this.engine = engine;
    }

    @Override
    public ModelCache.Loaded load(Bundle bundle) {
        long before = nativeBytes();
        Model model = engine.load(bundle);
        return new ModelCache.Loaded(model, Math.max(estimate(bundle), nativeBytes() - before));
    }

    @Override
    public void unload(Model model) {
        engine.unload(model);
    }

    @Override
    public long estimate(Bundle bundle) {
        try {
            long bytes = 0;
            for (Map.Entry<String, Manifest.Network> network :
                    bundle.manifest().networks().entrySet()) {
                if (network.getKey().equals(Manifest.DENOISER) || Offers.SAMPLING_ROLES.contains(network.getKey())) {
                    bytes += Files.size(bundle.file(network.getValue().file()));
                }
            }
            return bytes;
        } catch (IOException e) {
            return 0; // loading it will say what is wrong
        }
    }

    /** Resident memory less the heap, which grows and shrinks for other reasons; 0 where the system does not tell. */
    private static long nativeBytes() {
        try {
            long resident = Long.parseLong(Files.readString(RESIDENT).split(" ")[1]) * PAGE;
            long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getCommitted();
            return Math.max(0, resident - heap);
        } catch (IOException | RuntimeException e) {
            return 0;
        }
    }
}
