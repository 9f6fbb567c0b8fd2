package dev.safelight.common.bundle;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;

/**
 * What {@code model.json} says of a bundle: the one description of a model that the API validates requests against and
 * the worker builds its network, schedule and decoder from.
 *
 * @param format version of this layout, 1; 2 where something is in it that a reader of 1 must not pass over
 * @param name what requests call the model; lower case letters, digits, dots and dashes
 * @param date when it was trained or imported; model lists are sorted by it, newest first
 * @param parameters number of weights over all networks
 * @param queue the dispatch queue that carries its jobs
 * @param networks by role; {@code denoiser} is the one that every bundle has
 * @param samplers names of the samplers a request may choose; when absent, all that the bundle can run
 * @param tables artifacts by name, for samplers that need them
 * @param traits what else is true of the networks, for example {@code distilled}
 * @param prior how the network of the role {@code prior} is used; absent where there is none
 * @param image how pictures look to encoder and decoder; absent where the latent is the picture
 * @param sizes of pictures that requests may choose; absent where there is only the one of {@code image}
 * @param loras names of the LoRAs that requests choose from, in the order of the networks' input {@code loras}; absent where
 *     there are none
 * @param safety what becomes of pictures that the network of the role {@code safety} objects to; absent where there is none
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
        Golden golden,
        Map<String, Table> tables,
        List<String> traits,
        Prior prior,
        PictureSpace image,
        Sizes sizes,
        Safety safety,
        List<String> loras) {

    /** The role that every bundle fills. */
    public static final String DENOISER = "denoiser";

    /** The role of a network that turns pictures into latents. */
    public static final String ENCODER = "encoder";

    /** The role of a network that makes up pictures to start from or to refine. */
    public static final String PRIOR = "prior";

    /** The role of a network that turns clean latents into pictures. */
    public static final String DECODER = "decoder";

    /** The role of a network that turns the tokens of a prompt into the denoiser's input {@code text}. */
    public static final String TEXT = "text";

    /** The role of a network that says how objectionable a picture is. */
    public static final String SAFETY = "safety";

    /** Pictures as clients see them. */
    public PictureSpace pictures() {
        return image == null ? new PictureSpace(latent.shape(), latent.range()) : image;
    }

    /** Numbers of the input {@code factors}. */
    public int factorSize() {
        return conditioning.factors() == null
                ? 0
                : conditioning.factors().stream()
                        .mapToInt(factor -> factor.values().size())
                        .sum();
    }

    /** The same bundle for pictures of another size; latents grow alike. */
    public Manifest sized(int width, int height) {
        List<Integer> picture = pictures().shape();
        List<Integer> whole = latent.shape();
        List<Integer> small =
                List.of(whole.get(0), height * whole.get(1) / picture.get(1), width * whole.get(2) / picture.get(2));
        return new Manifest(
                format,
                name,
                title,
                description,
                author,
                date,
                license,
                parameters,
                queue,
                networks,
                new LatentSpace(small, latent.range()),
                process,
                conditioning,
                decoder,
                samplers,
                defaults,
                limits,
                golden,
                tables,
                traits,
                prior,
                new PictureSpace(
                        List.of(picture.get(0), height, width), pictures().range()),
                sizes,
                safety,
                loras);
    }

    public record License(String weights, String data) {}

    /**
     * A TorchScript file.
     *
     * @param file path inside the bundle
     * @param sha256 hex digest; a file with another digest is refused before native code reads it
     * @param inputs names of {@code forward}'s arguments, in order
     * @param maxRows most rows that one call may carry
     * @param latentSize numbers of the input {@code z}, of networks that draw their answer
     * @param shapes dimensions of one row of those inputs whose name alone does not tell, see {@link InputShape}
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Network(
            String file,
            String sha256,
            List<String> inputs,
            int maxRows,
            Integer latentSize,
            Map<String, List<Integer>> shapes) {}

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
     * @param kind {@code vp}: x = a·x0 + s·noise with a² + s² = 1; {@code sub-vp}: s = 1 − a²; {@code ve}: a = 1;
     *     {@code flow}: a = 1 − t, s = t; {@code cold}: a degradation without noise; {@code learned}: a drift network
     * @param prediction what the network returns: {@code epsilon}, {@code x0}, {@code v}, {@code score} or {@code flow}
     * @param time what the network is told: {@code t}, the process's own time (for a discrete schedule the 0-based
     *     index), which is the default, {@code sigma} (s/a) or {@code log-sigma}
     * @param timeScale what that is multiplied by; 1 when absent
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Process(String kind, Schedule schedule, String prediction, String time, Double timeScale) {}

    /**
     * The noise levels of the process.
     *
     * @param kind {@code linear}, {@code scaled-linear} or {@code squared-cosine} betas of a discrete vp process;
     *     {@code continuous} for vp and sub-vp (betas per unit of time), ve (geometric sigmas) and flow;
     *     {@code geometric} for the discrete sigmas of a ve process; {@code diffusion-gan} for the few large steps of a vp
     *     process; {@code blur}, {@code pixelate}, {@code desaturate} or {@code fade} of a cold process; {@code tables} for a
     *     learned one, whose tables {@code times} and {@code diffusion} say all
     * @param steps T, the number of training steps of a discrete schedule; for flow the network was trained at t = i/T
     * @param betaStart first beta
     * @param betaEnd last beta
     * @param sigmaMin lowest sigma of a ve process
     * @param sigmaMax highest sigma of a ve process
     * @param lowestTime where walks in continuous time stop
     * @param zeroTerminalSnr whether the betas are rescaled so that no signal is left at the last index
     * @param shift k by which sigma was multiplied for larger pictures; 1 when absent
     * @param sizedShift what that is where it depends on the picture's size; absent where it does not
     * @param offset the index that leading spacing counts from; 0 when absent
     * @param end {@code clean} (the default), or {@code first}: walks along training indices end at index 0
     * @param deviation of one operator of a blur, or growth of a fade, in pixels
     * @param collapses whether the last operator of a blur leaves only each channel's mean
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Schedule(
            String kind,
            int steps,
            Double betaStart,
            Double betaEnd,
            Double sigmaMin,
            Double sigmaMax,
            Double lowestTime,
            boolean zeroTerminalSnr,
            Double shift,
            SizedShift sizedShift,
            int offset,
            String end,
            Double deviation,
            boolean collapses) {}

    /**
     * The shift k of a flow whose network was trained on pictures of several sizes: ln k is on a straight line over the
     * number of the latent's patches.
     *
     * @param patch places along one side of a patch
     * @param fewest patches, where ln k is {@code atFewest}
     * @param most patches, where it is {@code atMost}
     */
    public record SizedShift(int patch, int fewest, int most, double atFewest, double atMost) {
        /** k for latents of that height and width. */
        public double of(int height, int width) {
            int patches = (height / patch) * (width / patch);
            return Math.exp(atFewest + (atMost - atFewest) * (patches - fewest) / (most - fewest));
        }
    }

    /**
     * A list of numbers that some samplers need.
     *
     * @param file JSON array of numbers, inside the bundle
     * @param sha256 hex digest of the file
     */
    public record Table(String file, String sha256) {}

    /**
     * What a request may ask for.
     *
     * @param kind {@code none}, {@code class}, {@code factors} or {@code text}
     * @param classes names of the classes, in the order of their indices
     * @param nullIndex the class index that stands for "no condition"; absent where guidance is impossible
     * @param factors several properties at once, in the order of their blocks in the network's input
     * @param nullable whether the network was also trained with blocks of zeros, which stand for "not said"; true when absent
     * @param text how prompts become the input of the network of the role {@code text}
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Conditioning(
            String kind, List<String> classes, Integer nullIndex, List<Factor> factors, Boolean nullable, Text text) {}

    /**
     * @param tokenizers one for each input of token ids
     * @param unsaid what no prompt is: {@code empty}, as an empty one, or {@code zeros}, an input of zeros
     * @param layers of the encoder of which a request may leave out the last, less one; 0 where it may not
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Text(List<Tokenizer> tokenizers, String unsaid, int layers) {}

    /**
     * @param input of the text network that takes its ids
     * @param weights input that takes a weight for each of them; absent where there is none
     * @param file {@code tokenizer.json} of the package tokenizers, inside the bundle
     * @param sha256 hex digest of the file
     * @param length tokens of a prompt; what is beyond is cut off, what is missing is padded
     * @param begin ids before the prompt's
     * @param end ids behind the prompt's
     * @param pad id that fills up
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Tokenizer(
            String input,
            String weights,
            String file,
            String sha256,
            int length,
            List<Integer> begin,
            List<Integer> end,
            int pad) {}

    /**
     * Sizes of pictures, in pixels.
     *
     * @param multiple that both sides must be of
     * @param least of a side
     * @param most of a side
     * @param pixels most of a picture
     */
    public record Sizes(int multiple, int least, int most, int pixels) {}

    /**
     * One property of a picture.
     *
     * @param values in the order of their places in the factor's block
     */
    public record Factor(String name, List<String> values) {}

    /**
     * A network that makes up a picture for the walk to begin from or to refine; its role is {@code prior}.
     *
     * @param kind {@code start}: it gives a clean latent, which the walk noises (ES-DDPM); {@code truncated}: it gives a
     *     noisy one (TDPM); {@code condition}: the denoiser sees its picture (DiffuseVAE, formulation 1); {@code residual}:
     *     the process ends around its picture (formulation 2)
     * @param time T′, where walks of the first two kinds begin, in the process's own time
     * @param networkTime what the prior is told where it takes {@code t}
     * @param asked whether requests that do not say use it, {@code default} in JSON; true when absent
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Prior(
            String kind,
            Double time,
            Double networkTime,
            @JsonProperty("default") Boolean asked) {}

    /**
     * Pictures as encoder and decoder see them.
     *
     * @param shape channels, height and width
     * @param range lowest and highest value
     */
    public record PictureSpace(List<Integer> shape, List<Double> range) {}

    /**
     * How a clean latent becomes a picture.
     *
     * @param kind {@code pixels}: the latent is the picture, scaled from the latent range to 0..255; {@code network}: the
     *     network of the role {@code decoder} makes it
     * @param tiles how that network makes large pictures; absent where it makes all of them at once
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Decoder(String kind, Tiles tiles) {}

    /**
     * Pictures that are decoded in overlapping squares, for which little memory is enough.
     *
     * @param pixels of the largest picture that is decoded at once
     * @param side of a square, in places of the latent
     * @param overlap of two squares, at least, in places of the latent
     */
    public record Tiles(int pixels, int side, int overlap) {}

    /**
     * When a picture is objected to, and what then becomes of it.
     *
     * @param threshold from this score on
     * @param action {@code flag}, {@code blur} or {@code withhold}
     */
    public record Safety(Double threshold, String action) {}

    /**
     * What an omitted field of a request becomes.
     *
     * @param sigmas which noise levels are visited by samplers that let one choose; null for those of the training times
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Defaults(String sampler, int steps, double guidance, String spacing, double eta, String sigmas) {}

    /** The most a request may ask for. */
    public record Limits(int steps, int count) {}

    /** Inputs and outputs recorded by the framework that trained the networks. */
    public record Golden(String file) {}
}
