package dev.safelight.worker.generate;

import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.BundleException;
import dev.safelight.common.bundle.InputShape;
import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.bundle.Offers;
import dev.safelight.common.job.JobKey;
import dev.safelight.common.job.Priority;
import dev.safelight.worker.batch.Batcher;
import dev.safelight.worker.batch.Counters;
import dev.safelight.worker.batch.EvaluationStopped.DeviceFailed;
import dev.safelight.worker.batch.Group;
import dev.safelight.worker.batch.Network;
import dev.safelight.worker.batch.Row;
import dev.safelight.worker.batch.Ticket;
import dev.safelight.worker.batch.Walk;
import dev.safelight.worker.model.Device;
import dev.safelight.worker.model.Golden;
import dev.safelight.worker.model.MachineTrouble;
import dev.safelight.worker.model.TorchNetwork;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/** One device with the models on it. */
public final class Engine implements AutoCloseable {
    /** TorchScript compiles in them. */
    private static final int FIRST_CALLS = 2;

    /** A network whose file is larger than 100 MiB has enough to do with one row, and to try more would take seconds. */
    private static final long LARGE_FILE = 100L << 20;

    private final Device device;
    private final BatchLimits limits;
    private final Batcher batcher;
    /** What reads prompts and decodes latents: long calls, which steps are not to wait for. */
    private final Batcher aside;

    private final Map<Bundle, Prompts> prompts = new ConcurrentHashMap<>();
    private final Map<Bundle, List<TorchNetwork>> networks = new ConcurrentHashMap<>();

    private Engine(Device device, BatchLimits limits) {
        this.device = device;
        this.limits = limits;
        this.batcher = new Batcher(device.name());
        this.aside = new Batcher(device.name() + "-aside");
    }

    /** An engine whose calls carry as many rows as manifests allow. */
    public static Engine open(String device) {
        return open(device, BatchLimits.listed());
    }

    /**
     * @param device {@code cpu}, {@code cuda} or {@code auto}
     * @throws Device.DeviceUnavailable when {@code cuda} is asked for and cannot be used
     */
    public static Engine open(String device, BatchLimits limits) {
        return new Engine(Device.select(device), limits);
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
     * @throws RuntimeException otherwise, when the machine is in trouble: it has no room, or a file cannot be read
     */
    public Model load(Bundle bundle) {
        return load(bundle, Prompts::load);
    }

    /** @param reader opens what a text network is asked with; a test comes in between */
    Model load(Bundle bundle, Function<Bundle, Prompts> reader) {
        List<TorchNetwork> loaded = new ArrayList<>();
        try {
            TorchNetwork network = TorchNetwork.load(bundle, Manifest.DENOISER, device);
            loaded.add(network);
            Gauged gauged = new Gauged(network, System::nanoTime);
            Model model = Model.of(bundle, batcher, gauged);
            Ticket ticket = new Ticket(new JobKey("", UUID.randomUUID()), Priority.NORMAL, Long.MAX_VALUE, false);
            try (Walk walk = batcher.join(ticket, model.group(), false, 1).getFirst()) {
                warm(model, gauged, walk);
            }
            compare(model, Manifest.DENOISER, model.group(), ticket);
            Model whole = withOthers(model, loaded, ticket);
            Prompts read = reader.apply(bundle);
            try {
                whole = together(whole, read, ticket);
            } catch (RuntimeException | Error e) {
                read.close();
                throw e;
            }
            networks.put(bundle, loaded);
            prompts.put(bundle, read);
            return whole.with(aside, read);
        } catch (DeviceFailed e) {
            loaded.forEach(TorchNetwork::close);
            if (MachineTrouble.is(e.getCause())) {
                throw e;
            }
            throw new BundleException("bundle " + bundle.name() + ": its network does not run: " + e.getMessage(), e);
        } catch (RuntimeException | Error e) {
            loaded.forEach(TorchNetwork::close);
            throw e;
        }
    }

    /** Networks that samplers and guidance ask beside the denoiser. */
    private Model withOthers(Model model, List<TorchNetwork> loaded, Ticket ticket) {
        Model whole = model;
        for (String role : Offers.SAMPLING_ROLES) {
            if (model.bundle().manifest().networks().containsKey(role)) {
                TorchNetwork network = TorchNetwork.load(model.bundle(), role, device);
                loaded.add(network);
                whole = whole.with(role, network);
                try (Walk walk =
                        batcher.join(ticket, whole.others().get(role), false, 1).getFirst()) {
                    Row blank = BlankRow.of(model.bundle().manifest(), role);
                    for (int call = 0; call < FIRST_CALLS; call++) {
                        walk.evaluate(List.of(blank));
                    }
                }
                compare(whole, role, whole.others().get(role), ticket);
            }
        }
        return whole;
    }

    /** Lets prompts share calls of a text network where none of them notices. */
    private Model together(Model model, Prompts prompts, Ticket ticket) {
        Group text = model.others().get(Manifest.TEXT);
        if (text == null) {
            return model;
        }
        Gauged network = new Gauged(text.network(), System::nanoTime);
        Model whole = model.with(Manifest.TEXT, network);
        List<Row> rows = prompts.samples(large(model.bundle(), Manifest.TEXT) ? 1 : network.maxRows());
        try (Walk walk = batcher.join(ticket, whole.others().get(Manifest.TEXT), false, 1)
                .getFirst()) {
            network.limit(Aloofness.mostRows(walk::evaluate, rows));
        }
        return whole;
    }

    private static boolean large(Bundle bundle, String role) {
        try {
            return Files.size(bundle.file(bundle.manifest().networks().get(role).file())) > LARGE_FILE;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Warms the network and sets how many rows its calls carry from now on. */
    private void warm(Model model, Gauged network, Walk walk) {
        WarmUp warmUp = new WarmUp(model, network);
        Bundle bundle = model.bundle();
        Optional<BatchLimits.Measurement> known = limits.recall(bundle, device.name());
        if (known.isPresent() || !limits.measures()) {
            network.limit(known.map(BatchLimits.Measurement::mostRows).orElse(network.maxRows()));
            warmUp.upTo(walk, network.maxRows());
            return;
        }
        BatchLimits.Measurement measured =
                BatchLimits.Measurement.of(bundle, device.name(), Sweep.of(warmUp.measure(walk)));
        network.limit(measured.mostRows());
        limits.remember(bundle, measured);
    }

    /** Networks that draw many sizes may have been recorded at a small one. */
    private void compare(Model model, String role, Group group, Ticket ticket) {
        Bundle bundle = model.bundle();
        Optional<Golden> golden = Golden.of(bundle).filter(recorded -> recorded.has(role));
        if (golden.isEmpty()) {
            return;
        }
        Network network = golden.get()
                .shape(role)
                .flatMap(shape -> shapes(bundle.manifest(), role, shape))
                .<Network>map(shapes -> new Network.Shaped(
                        group.network(), shapes, group.network().maxRows()))
                .orElse(group.network());
        List<float[]> outputs;
        try (Walk walk = batcher.join(ticket, new Group(network, group.shape(), group.layout()), false, 1)
                .getFirst()) {
            outputs = walk.evaluate(golden.get().rows(role));
        }
        double error = golden.get().error(role, outputs);
        if (!(error <= golden.get().tolerance())) {
            throw new BundleException("bundle " + bundle.name() + ": its " + role + " is off by " + error
                    + " from the golden tensors, more than " + golden.get().tolerance() + device.roundingHint());
        }
    }

    /** Of the inputs beside an x of that shape; empty where there is only one size. */
    private static Optional<Map<String, List<Integer>>> shapes(Manifest manifest, String role, List<Integer> x) {
        if (manifest.sizes() == null) {
            return Optional.empty();
        }
        int factor = role.equals(Manifest.ENCODER) || role.equals(Manifest.SAFETY)
                ? 1
                : manifest.pictures().shape().get(1) / manifest.latent().shape().get(1);
        return Optional.of(InputShape.all(manifest.sized(factor * x.get(2), factor * x.get(1)), role));
    }

    /** Takes a model off the device; none of its jobs may be running, and none may follow. */
    public void unload(Model model) {
        List<TorchNetwork> loaded = networks.remove(model.bundle());
        if (loaded != null) {
            loaded.forEach(TorchNetwork::close);
        }
        Prompts read = prompts.remove(model.bundle());
        if (read != null) {
            read.close();
        }
    }

    /** Ends the device; jobs that still run fail. */
    @Override
    public void close() {
        batcher.close();
        aside.close();
        prompts.values().forEach(Prompts::close);
        networks.values().forEach(loaded -> loaded.forEach(TorchNetwork::close));
    }
}
