package dev.safelight.worker.generate;

import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.BundleException;
import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.bundle.Offers;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.Priority;
import dev.safelight.worker.batch.Batcher;
import dev.safelight.worker.batch.Conditioning;
import dev.safelight.worker.batch.Counters;
import dev.safelight.worker.batch.EvaluationStopped;
import dev.safelight.worker.batch.Row;
import dev.safelight.worker.batch.Ticket;
import dev.safelight.worker.batch.Walk;
import dev.safelight.worker.model.Device;
import dev.safelight.worker.model.Golden;
import dev.safelight.worker.model.TorchNetwork;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** One device with the models on it. */
public final class Engine implements AutoCloseable {
    private static final int WARM_UP_CALLS = 4;

    private final Device device;
    private final Batcher batcher;
    private final List<TorchNetwork> networks = new ArrayList<>();

    private Engine(Device device) {
        this.device = device;
        this.batcher = new Batcher(device.name());
    }

    /**
     * @param device {@code cpu}, {@code cuda} or {@code auto}
     * @throws Device.DeviceUnavailable when {@code cuda} is asked for and cannot be used
     */
    public static Engine open(String device) {
        return new Engine(Device.select(device));
    }

    /** {@code cpu} or {@code cuda:0}. */
    public String device() {
        return device.name();
    }

    public Counters counters() {
        return batcher.counters();
    }

    /**
     * Puts a bundle's network on the device, warms it, and compares it with the bundle's golden tensors. Running jobs go
     * on meanwhile.
     *
     * @throws BundleException when the bundle cannot be run or computes something else than it did where it was trained
     */
    public Model load(Bundle bundle) {
        TorchNetwork network = TorchNetwork.load(bundle, Manifest.DENOISER, device);
        try {
            Model model = Model.of(bundle, batcher, network);
            Ticket ticket = new Ticket(new JobKey("", UUID.randomUUID()), Priority.LOW, Long.MAX_VALUE, false);
            try (Walk walk = batcher.join(ticket, model.group(), false, 1).getFirst()) {
                warm(model, walk);
                compare(bundle, walk);
            }
            networks.add(network);
            return withOthers(model);
        } catch (EvaluationStopped e) {
            network.close();
            throw new BundleException("bundle " + bundle.name() + ": its network does not run: " + e.getMessage(), e);
        } catch (BundleException e) {
            network.close();
            throw e;
        }
    }

    /** Networks that samplers and guidance ask beside the denoiser. */
    private Model withOthers(Model model) {
        Model whole = model;
        for (String role : Offers.SAMPLING_ROLES) {
            if (model.bundle().manifest().networks().containsKey(role)) {
                TorchNetwork network = TorchNetwork.load(model.bundle(), role, device);
                networks.add(network);
                whole = whole.with(role, network);
            }
        }
        return whole;
    }

    /** TorchScript compiles in its first calls, and again for sizes it has not seen. */
    private static void warm(Model model, Walk walk) {
        Conditioning condition = model.bundle().manifest().conditioning().kind().equals("none")
                ? new Conditioning.Unconditional()
                : new Conditioning.ClassIndex(0);
        int own = model.recipes().offer().latentSize();
        Row row =
                new Row(new float[model.latentSize()], 0, condition, own == 0 ? Map.of() : Map.of("z", new float[own]));
        for (int rows = 1; rows <= model.group().network().maxRows(); rows *= 2) {
            for (int call = 0; call < WARM_UP_CALLS; call++) {
                float[] output = walk.evaluate(Collections.nCopies(rows, row)).getFirst();
                // What comes beyond the prediction is for those samplers that know of it.
                if (output.length < model.latentSize()) {
                    throw new BundleException("bundle " + model.bundle().name() + ": its network returns "
                            + output.length + " numbers for a latent of " + model.latentSize());
                }
            }
        }
    }

    private static void compare(Bundle bundle, Walk walk) {
        Optional<Golden> golden = Golden.of(bundle);
        if (golden.isEmpty()) {
            return;
        }
        List<float[]> outputs = walk.evaluate(golden.get().rows(Manifest.DENOISER));
        double error = golden.get().error(Manifest.DENOISER, outputs);
        if (!(error <= golden.get().tolerance())) {
            throw new BundleException("bundle " + bundle.name() + ": its network is off by " + error
                    + " from the golden tensors, more than " + golden.get().tolerance());
        }
    }

    /** Ends the device; jobs that still run fail. */
    @Override
    public void close() {
        batcher.close();
        networks.forEach(TorchNetwork::close);
    }
}
