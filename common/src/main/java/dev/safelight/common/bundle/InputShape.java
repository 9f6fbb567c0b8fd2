package dev.safelight.common.bundle;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The dimensions of one row of a network's input. */
public final class InputShape {
    private InputShape() {}

    /**
     * Without the axis of the rows; empty for a single number.
     *
     * @throws BundleException for an input that nobody can give
     */
    public static List<Integer> of(Manifest manifest, String role, String input) {
        Manifest.Network network = manifest.networks().get(role);
        List<Integer> latent = manifest.latent().shape();
        return switch (input) {
            case "x" ->
                role.equals(Manifest.ENCODER) || role.equals(Manifest.SAFETY)
                        ? manifest.pictures().shape()
                        : latent;
            case "t", "class" -> List.of();
            case "guidance" -> List.of(1);
            case "image", "masked" -> latent;
            case "mask" -> List.of(1, latent.get(1), latent.get(2));
            case "z" -> List.of(required(network.latentSize(), manifest, role, "latentSize"));
            case "factors" -> List.of(manifest.factorSize());
            case "loras" ->
                List.of(required(manifest.loras(), manifest, role, "loras").size());
            default ->
                required(
                        network.shapes() == null ? null : network.shapes().get(input),
                        manifest,
                        role,
                        "shapes." + input);
        };
    }

    /** Those of all inputs, by name. */
    public static Map<String, List<Integer>> all(Manifest manifest, String role) {
        Map<String, List<Integer>> shapes = new HashMap<>();
        manifest.networks().get(role).inputs().forEach(input -> shapes.put(input, of(manifest, role, input)));
        return Map.copyOf(shapes);
    }

    /** How many numbers that is. */
    public static int size(Manifest manifest, String role, String input) {
        return of(manifest, role, input).stream().reduce(1, Math::multiplyExact);
    }

    private static <T> T required(T value, Manifest manifest, String role, String field) {
        if (value == null) {
            throw new BundleException("bundle " + manifest.name() + ": networks." + role + "." + field
                    + " is missing, and one of its inputs needs it");
        }
        return value;
    }
}
