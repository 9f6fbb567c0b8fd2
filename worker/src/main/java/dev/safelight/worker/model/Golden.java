package dev.safelight.worker.model;

import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.BundleException;
import dev.safelight.common.wire.Json;
import dev.safelight.worker.batch.Conditioning;
import dev.safelight.worker.batch.Row;
import java.io.IOException;
import java.util.Arrays;
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

    /** Empty when the bundle brings none. */
    public static Optional<Golden> of(Bundle bundle) {
        if (bundle.manifest().golden() == null) {
            return Optional.empty();
        }
        var file = bundle.file(bundle.manifest().golden().file());
        try {
            return Optional.of(Json.MAPPER.readValue(file.toFile(), Golden.class));
        } catch (IOException e) {
            throw new BundleException("bundle " + bundle.name() + ": cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    /** The rows that reproduce the recording of a role. */
    public List<Row> rows(String role) {
        Map<String, Tensor> inputs = networks.get(role).inputs();
        Tensor x = inputs.get("x");
        Tensor t = inputs.get("t");
        Optional<Tensor> classes = Optional.ofNullable(inputs.get("class"));
        return IntStream.range(0, x.shape().getFirst())
                .mapToObj(i -> new Row(
                        x.slice(i),
                        (float) t.values()[i],
                        classes.<Conditioning>map(tensor -> new Conditioning.ClassIndex((int) tensor.values()[i]))
                                .orElseGet(Conditioning.Unconditional::new)))
                .toList();
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
