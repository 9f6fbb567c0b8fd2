package dev.safelight.worker.model;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.BundleException;
import dev.safelight.common.bundle.BundleReader;
import dev.safelight.common.bundle.InputShape;
import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.bundle.Offers;
import dev.safelight.worker.batch.Conditioning;
import dev.safelight.worker.batch.Network;
import dev.safelight.worker.batch.Row;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.LongStream;

/**
 * A TorchScript file on a device. Its {@code forward} takes the inputs that the manifest lists, in that order: {@code x}
 * float [rows, shape], {@code t} float [rows], {@code class} long [rows], and whatever else rows bring along as floats of
 * the shape that {@link InputShape} tells; its first result has one slice a row.
 */
public final class TorchNetwork implements Network, AutoCloseable {
    private final Device device;
    private final NDManager manager;
    private final PtSymbolBlock block;
    private final List<String> inputs;
    private final Map<String, List<Integer>> shapes;
    /** Whether its answer is a gradient that it finds itself: then the operations of the call have to be recorded. */
    private final boolean differentiates;

    private final int maxRows;
    private final Map<String, InputMemory> memory = new HashMap<>();

    private TorchNetwork(Device device, NDManager manager, PtSymbolBlock block, Manifest manifest, String role) {
        this.device = device;
        this.manager = manager;
        this.block = block;
        this.inputs = manifest.networks().get(role).inputs();
        this.differentiates = role.equals(Offers.GUIDE);
        this.shapes = InputShape.all(manifest, role);
        this.maxRows = manifest.networks().get(role).maxRows();
        inputs.forEach(input -> memory.put(input, new InputMemory(device.pageLock())));
    }

    /**
     * Loads the network that fills a role of a bundle.
     *
     * @throws BundleException when its digest is wrong, PyTorch cannot read it, or it wants inputs that nobody can give
     * @throws UncheckedIOException when the file is missing, or cannot be read for the moment
     * @throws EngineException when the machine is in trouble
     */
    public static TorchNetwork load(Bundle bundle, String role, Device device) {
        bundle.manifest().networks().get(role).inputs().forEach(input -> InputShape.of(bundle.manifest(), role, input));
        NDManager manager = device.newManager();
        return new TorchNetwork(device, manager, loadBlock(bundle, role, manager), bundle.manifest(), role);
    }

    /** Closes the manager when it throws. */
    static PtSymbolBlock loadBlock(Bundle bundle, String role, NDManager manager) {
        return loadBlock(
                bundle,
                role,
                manager,
                file -> role.equals(Offers.GUIDE) ? streamed(file, manager) : read(file, manager));
    }

    /** @param reader hands a file to PyTorch; a test comes in between */
    static PtSymbolBlock loadBlock(
            Bundle bundle, String role, NDManager manager, Function<Path, PtSymbolBlock> reader) {
        try {
            Path listed = bundle.file(bundle.manifest().networks().get(role).file());
            FileMark mark = FileMark.of(listed);
            PtSymbolBlock block = reader.apply(BundleReader.verified(bundle, role));
            if (!FileMark.of(listed).equals(mark)) {
                throw new BundleException(
                        "bundle " + bundle.name() + ": " + listed.getFileName() + " was changed while it was read");
            }
            block.freezeParameters(true);
            return block;
        } catch (EngineException e) {
            manager.close();
            if (MachineTrouble.is(e)) {
                throw e;
            }
            throw new BundleException(
                    "bundle " + bundle.name() + ": cannot load its " + role + ": " + e.getMessage(), e);
        } catch (RuntimeException | Error e) {
            manager.close();
            throw e;
        }
    }

    /** PyTorch reads the file itself: handed over as a stream it would be in memory three times before it is a network. */
    static PtSymbolBlock read(Path file, NDManager manager) {
        return JniUtils.loadModule(
                (PtNDManager) manager, file.toAbsolutePath(), true, new String[0], new String[0], false);
    }

    /**
     * As {@link #read}, by a stream. Files that PyTorch opens itself become networks for inference only, and a guide asks for
     * gradients; it is small enough to be copied.
     */
    private static PtSymbolBlock streamed(Path file, NDManager manager) {
        try (InputStream content = Files.newInputStream(file)) {
            return JniUtils.loadModule((PtNDManager) manager, content, true, false);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public int maxRows() {
        return maxRows;
    }

    @Override
    public List<float[]> run(List<Row> rows) {
        return run(rows, shapes);
    }

    @Override
    public List<float[]> run(List<Row> rows, Map<String, List<Integer>> shapes) {
        // A manager a call: whatever the call creates dies with it.
        try (NDManager call = manager.newSubManager()) {
            NDList arguments = new NDList(inputs.size());
            for (String input : inputs) {
                arguments.add(argument((PtNDManager) call, input, rows, shapes));
            }
            NDArray output =
                    IValueUtils.forward(block, arguments, differentiates).getFirst();
            return slices(output.toDevice(ai.djl.Device.cpu(), false), rows.size());
        } catch (EngineException e) {
            throw saysOutOfMemory(e) ? new OutOfMemory(e.getMessage(), e) : e;
        }
    }

    private NDArray argument(PtNDManager call, String input, List<Row> rows, Map<String, List<Integer>> shapes) {
        int size = size(input, shapes);
        ByteBuffer buffer =
                memory.get(input).of((long) rows.size() * size * typeOf(input).getNumOfBytes());
        if (typeOf(input) == DataType.INT64) {
            LongBuffer longs = buffer.asLongBuffer();
            rows.forEach(row -> longs.put(classIndex(row.conditioning())));
        } else {
            FloatBuffer floats = buffer.asFloatBuffer();
            rows.forEach(row -> floats.put(numbers(row, input, size)));
        }
        return tensor(call, buffer, dimensions(rows.size(), input, shapes), typeOf(input));
    }

    private static Shape dimensions(int rows, String input, Map<String, List<Integer>> shapes) {
        return new Shape(LongStream.concat(
                        LongStream.of(rows), shapes.get(input).stream().mapToLong(Integer::longValue))
                .toArray());
    }

    private static float[] numbers(Row row, String input, int size) {
        float[] numbers = switch (input) {
            case "x" -> row.latent();
            case "t" -> new float[] {row.time()};
            default ->
                switch (row.conditioning()) {
                    case Conditioning.Factors(float[] values) when input.equals("factors") -> values;
                    case Conditioning.Text(float[] values) when input.equals("text") -> values;
                    default -> row.more().get(input);
                };
        };
        if (numbers == null || numbers.length != size) {
            throw new IllegalArgumentException("the network wants " + size + " numbers of " + input + ", not "
                    + (numbers == null ? "none" : numbers.length));
        }
        return numbers;
    }

    private static DataType typeOf(String input) {
        return input.equals("class") ? DataType.INT64 : DataType.FLOAT32;
    }

    /** Of one row. */
    private static int size(String input, Map<String, List<Integer>> shapes) {
        return shapes.get(input).stream().reduce(1, Math::multiplyExact);
    }

    private static long classIndex(Conditioning conditioning) {
        return switch (conditioning) {
            case Conditioning.ClassIndex(int index) -> index;
            default -> throw new IllegalArgumentException("the network wants a class");
        };
    }

    /** On the CPU the tensor is a view of the buffer; a GPU gets a copy, and has it when this returns. */
    private NDArray tensor(PtNDManager call, ByteBuffer buffer, Shape shape, DataType type) {
        return JniUtils.createNdFromByteBuffer(call, buffer, shape, type, SparseFormat.DENSE, device.torchDevice());
    }

    private static List<float[]> slices(NDArray output, int rows) {
        FloatBuffer floats =
                output.toByteBuffer(true).order(ByteOrder.nativeOrder()).asFloatBuffer();
        int size = floats.remaining() / rows;
        List<float[]> slices = new ArrayList<>(rows);
        for (int i = 0; i < rows; i++) {
            float[] slice = new float[size];
            floats.get(slice);
            slices.add(slice);
        }
        return slices;
    }

    private static boolean saysOutOfMemory(EngineException e) {
        String message = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
        return message.contains("out of memory") || message.contains("can't allocate memory");
    }

    /** Frees the weights; no call may be running. */
    @Override
    public void close() {
        block.close();
        manager.close();
        memory.values().forEach(InputMemory::close);
    }
}
