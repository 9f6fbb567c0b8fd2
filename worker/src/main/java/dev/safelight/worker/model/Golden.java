package dev.safelight.worker.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.BundleException;
import dev.safelight.common.wire.Json;
import dev.safelight.worker.batch.Conditioning;
import dev.safelight.worker.batch.Row;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Inputs and outputs of a network as the framework that trained it computed them: what another runtime must reproduce.
 *
 * @param tolerance largest absolute difference of an output value
 */
public record Golden(double tolerance, Map<String, Recording> networks) {

    public record Recording(Map<String, Tensor> inputs, Map<String, Tensor> outputs) {}

    /** @param values row-major */
    public record Tensor(String type, List<Integer> shape, double[] values) {
        private float[] slice(int row) {
            int size = values.length / shape.getFirst();
            float[] slice = new float[size];
            for (int i = 0; i < size; i++) {
                slice[i] = (float) values[row * size + i];
            }
            return slice;
        }
    }

    /**
     * Empty when the bundle brings none.
     *
     * @throws BundleException when it is no recording
     * @throws UncheckedIOException when the file is missing, or cannot be read for the moment
     */
    public static Optional<Golden> of(Bundle bundle) {
        if (bundle.manifest().golden() == null) {
            return Optional.empty();
        }
        var file = bundle.file(bundle.manifest().golden().file());
        try {
            return Optional.of(Json.MAPPER.readValue(file.toFile(), Golden.class));
        } catch (JsonProcessingException e) {
            throw new BundleException("bundle " + bundle.name() + ": cannot read " + file + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw new UncheckedIOException("bundle " + bundle.name() + ": cannot read " + file + ": " + e, e);
        }
    }

    /** The rows that reproduce the recording of a role. */
    public List<Row> rows(String role) {
        Map<String, Tensor> inputs = networks.get(role).inputs();
        int rows = inputs.values().iterator().next().shape().getFirst();
        return IntStream.range(0, rows).mapToObj(i -> row(inputs, i)).toList();
    }

    private static Row row(Map<String, Tensor> inputs, int i) {
        Map<String, float[]> more = new HashMap<>();
        inputs.forEach((name, tensor) -> {
            if (!List.of("x", "t", "class", "factors").contains(name)) {
                more.put(name, tensor.slice(i));
            }
        });
        return new Row(
                inputs.containsKey("x") ? inputs.get("x").slice(i) : new float[0],
                inputs.containsKey("t") ? (float) inputs.get("t").values()[i] : 0,
                conditioning(inputs, i),
                more);
    }

    private static Conditioning conditioning(Map<String, Tensor> inputs, int i) {
        if (inputs.containsKey("class")) {
            return new Conditioning.ClassIndex((int) inputs.get("class").values()[i]);
        }
        return inputs.containsKey("factors")
                ? new Conditioning.Factors(inputs.get("factors").slice(i))
                : new Conditioning.Unconditional();
    }

    /** Of one row of the input {@code x} that a role was recorded with; empty where it takes none. */
    public Optional<List<Integer>> shape(String role) {
        return Optional.ofNullable(networks.get(role).inputs().get("x"))
                .map(x -> x.shape().subList(1, x.shape().size()));
    }

    /** Whether the network of a role was recorded. */
    public boolean has(String role) {
        return networks.containsKey(role);
    }

    /** Largest absolute difference between recorded and actual outputs. */
    public double error(String role, List<float[]> actual) {
        Tensor expected = networks.get(role).outputs().values().iterator().next();
        return IntStream.range(0, actual.size())
                .mapToDouble(i -> error(expected.slice(i), actual.get(i)))
                .max()
                .orElse(0);
    }

    private static double error(float[] expected, float[] actual) {
        if (expected.length != actual.length || !allFinite(actual)) {
            return Double.POSITIVE_INFINITY;
        }
        return IntStream.range(0, actual.length)
                .mapToDouble(i -> Math.abs(expected[i] - actual[i]))
                .max()
                .orElse(0);
    }

    private static boolean allFinite(float[] values) {
        return IntStream.range(0, values.length).allMatch(i -> Float.isFinite(values[i]));
    }

    @Override
    public String toString() {
        return "Golden" + Arrays.toString(networks.keySet().toArray());
    }
}
