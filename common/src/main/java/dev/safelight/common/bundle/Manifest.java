package dev.safelight.common.bundle;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;

/**
 * What {@code model.json} says of a bundle: the one description of a model that the API validates requests against and
 * the worker builds its network, schedule and decoder from.
 *
 * @param format version of this layout, 1
 * @param name what requests call the model; lower case letters, digits, dots and dashes
 * @param date when it was trained or imported; model lists are sorted by it, newest first
 * @param parameters number of weights over all networks
 * @param queue the dispatch queue that carries its jobs
 * @param networks by role; {@code denoiser} is the one that every bundle has
 * @param samplers names of the samplers a request may choose
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Manifest(
        int format,
        String name,
        String title,
        String description,
        String author,
        LocalDate date,
        License license,
        long parameters,
        String queue,
        Map<String, Network> networks,
        LatentSpace latent,
        Process process,
        Conditioning conditioning,
        Decoder decoder,
        List<String> samplers,
        Defaults defaults,
        Limits limits,
        Golden golden) {

    /** The role that every bundle fills. */
    public static final String DENOISER = "denoiser";

    public record License(String weights, String data) {}

    /**
     * A TorchScript file.
     *
     * @param file path inside the bundle
     * @param sha256 hex digest; a file with another digest is refused before native code reads it
     * @param inputs names of {@code forward}'s arguments, in order
     * @param maxRows most rows that one call may carry
     */
    public record Network(String file, String sha256, List<String> inputs, int maxRows) {}

    /**
     * The space that samplers walk in.
     *
     * @param shape dimensions of one sample without the batch axis, for example {@code [1, 28, 28]}
     * @param range lowest and highest value of clean data
     */
    public record LatentSpace(List<Integer> shape, List<Double> range) {
        /** Number of floats of one sample. */
        public int size() {
            return shape.stream().reduce(1, Math::multiplyExact);
        }
    }

    /**
     * The forward process the denoiser was trained on.
     *
     * @param kind {@code vp}: x = a·x0 + s·noise with a² + s² = 1
     * @param prediction what the network returns: {@code epsilon}, {@code x0} or {@code v}
     */
    public record Process(String kind, Schedule schedule, String prediction) {}

    /**
     * A discrete noise schedule.
     *
     * @param kind {@code linear}, {@code scaled-linear} or {@code squared-cosine}
     * @param steps T, the number of training steps; the network's time is the 0-based index
     * @param betaStart first beta, of the linear kinds only
     * @param betaEnd last beta, of the linear kinds only
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Schedule(String kind, int steps, Double betaStart, Double betaEnd) {}

    /**
     * What a request may ask for.
     *
     * @param kind {@code none} or {@code class}
     * @param classes names of the classes, in the order of their indices
     * @param nullIndex the class index that stands for "no condition"; absent where guidance is impossible
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Conditioning(String kind, List<String> classes, Integer nullIndex) {}

    /**
     * How a clean latent becomes a picture.
     *
     * @param kind {@code pixels}: the latent is the picture, scaled from the latent range to 0..255
     */
    public record Decoder(String kind) {}

    /** What an omitted field of a request becomes. */
    public record Defaults(String sampler, int steps, double guidance, String spacing, double eta) {}

    /** The most a request may ask for. */
    public record Limits(int steps, int count) {}

    /** Inputs and outputs recorded by the framework that trained the networks. */
    public record Golden(String file) {}
}
