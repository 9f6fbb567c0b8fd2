package dev.safelight.common.bundle;

import dev.safelight.common.sampling.Offer;
import dev.safelight.common.sampling.Prediction;
import dev.safelight.common.sampling.Process;
import dev.safelight.common.sampling.degrade.Blur;
import dev.safelight.common.sampling.degrade.Desaturate;
import dev.safelight.common.sampling.degrade.Fade;
import dev.safelight.common.sampling.degrade.Pixelate;
import dev.safelight.common.sampling.degrade.Shape;
import dev.safelight.common.sampling.schedule.ColdProcess;
import dev.safelight.common.sampling.schedule.LearnedProcess;
import dev.safelight.common.sampling.schedule.NetworkTime;
import dev.safelight.common.sampling.schedule.NoiseSchedule;
import dev.safelight.common.sampling.schedule.RectifiedFlow;
import dev.safelight.common.sampling.schedule.SigmaLadder;
import dev.safelight.common.sampling.schedule.SubVpDiffusion;
import dev.safelight.common.sampling.schedule.VeDiffusion;
import dev.safelight.common.sampling.schedule.VpDiffusion;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What a bundle gives to samplers, from its manifest. */
public final class Offers {

    /** The role of a network that returns the gradient of ln p(class | x) at a level. */
    public static final String GUIDE = "guide";

    /** Roles, beside the denoiser, of networks that a job asks: before its walks, in their steps, or after them. */
    public static final List<String> SAMPLING_ROLES =
            List.of("drift", GUIDE, Manifest.PRIOR, Manifest.ENCODER, Manifest.DECODER, Manifest.TEXT, Manifest.SAFETY);

    private Offers() {}

    /** @throws BundleException when the manifest describes a process that there is not, or a table cannot be read */
    public static Offer of(Bundle bundle) {
        Manifest manifest = bundle.manifest();
        try {
            Map<String, double[]> tables = BundleReader.tables(bundle);
            Process process = process(manifest, tables);
            Prediction prediction = Prediction.of(manifest.process().prediction());
            if (prediction == Prediction.V && process.kind() != Process.Kind.VP) {
                throw new IllegalArgumentException("prediction v is only defined where a² + s² = 1");
            }
            if (prediction.needsSignal() && process.level(lastTime(process)).signal() == 0) {
                throw new IllegalArgumentException("at a level without signal the prediction must be x0, v or flow");
            }
            return new Offer(
                    process,
                    prediction,
                    manifest.networks().keySet(),
                    tables,
                    manifest.traits() == null ? Set.of() : Set.copyOf(manifest.traits()),
                    or(manifest.networks().get(Manifest.DENOISER).latentSize(), 0));
        } catch (IllegalArgumentException e) {
            throw new BundleException("bundle " + bundle.name() + ": " + e.getMessage(), e);
        }
    }

    private static double lastTime(Process process) {
        return switch (process) {
            case NoiseSchedule schedule -> schedule.steps() - 1;
            case SigmaLadder ladder -> ladder.sigma().length - 1;
            default -> 1;
        };
    }

    private static Process process(Manifest manifest, Map<String, double[]> tables) {
        Manifest.Process described = manifest.process();
        Manifest.Schedule schedule = described.schedule();
        String kind = described.kind() + " " + schedule.kind();
        NetworkTime time =
                new NetworkTime(NetworkTime.Quantity.of(or(described.time(), "t")), or(described.timeScale(), 1.0));
        return switch (kind) {
            case "vp linear" ->
                discrete(
                        NoiseSchedule.linear(
                                schedule.steps(), or(schedule.betaStart(), 1e-4), or(schedule.betaEnd(), 0.02)),
                        schedule);
            case "vp scaled-linear" ->
                discrete(
                        NoiseSchedule.scaledLinear(
                                schedule.steps(), or(schedule.betaStart(), 0.00085), or(schedule.betaEnd(), 0.012)),
                        schedule);
            case "vp squared-cosine" -> discrete(NoiseSchedule.squaredCosine(schedule.steps()), schedule);
            case "vp continuous" ->
                new VpDiffusion(
                        or(schedule.betaStart(), 0.1),
                        or(schedule.betaEnd(), 20.0),
                        or(schedule.lowestTime(), 1e-3),
                        time);
            case "sub-vp continuous" ->
                new SubVpDiffusion(
                        or(schedule.betaStart(), 0.1),
                        or(schedule.betaEnd(), 20.0),
                        or(schedule.lowestTime(), 1e-3),
                        time);
            case "ve continuous" ->
                new VeDiffusion(
                        or(schedule.sigmaMin(), 0.01),
                        or(schedule.sigmaMax(), 50.0),
                        or(schedule.lowestTime(), 1e-5),
                        time);
            case "ve geometric" ->
                SigmaLadder.geometric(
                        schedule.steps(), or(schedule.sigmaMin(), 0.01), or(schedule.sigmaMax(), 50.0), time);
            case "flow continuous" -> new RectifiedFlow(schedule.steps(), shift(manifest), time);
            case "vp diffusion-gan" ->
                NoiseSchedule.diffusionGan(
                        schedule.steps(), or(schedule.betaStart(), 0.1), or(schedule.betaEnd(), 20.0));
            case "learned tables" -> new LearnedProcess(table(tables, "times"), table(tables, "diffusion"));
            case "cold blur" ->
                new ColdProcess(new Blur(
                        shape(manifest), schedule.steps(), or(schedule.deviation(), 1.0), schedule.collapses()));
            case "cold pixelate" -> new ColdProcess(new Pixelate(shape(manifest), schedule.steps()));
            case "cold desaturate" -> new ColdProcess(new Desaturate(shape(manifest), schedule.steps()));
            case "cold fade" ->
                new ColdProcess(new Fade(shape(manifest), schedule.steps(), or(schedule.deviation(), 1.0)));
            default -> throw new IllegalArgumentException("no noise schedule is called " + kind);
        };
    }

    /** Of a flow, for pictures of the manifest's own size. */
    private static double shift(Manifest manifest) {
        Manifest.Schedule schedule = manifest.process().schedule();
        List<Integer> latent = manifest.latent().shape();
        return schedule.sizedShift() == null
                ? or(schedule.shift(), 1.0)
                : schedule.sizedShift().of(latent.get(1), latent.get(2));
    }

    /** The same offer for pictures of another size. */
    public static Offer sized(Offer offer, Manifest own, Manifest sized) {
        return own.process().schedule().sizedShift() == null
                ? offer
                : offer.on(((RectifiedFlow) offer.process()).withShift(shift(sized)));
    }

    private static Shape shape(Manifest manifest) {
        List<Integer> shape = manifest.latent().shape();
        return new Shape(shape.get(0), shape.get(1), shape.get(2));
    }

    private static double[] table(Map<String, double[]> tables, String name) {
        if (!tables.containsKey(name)) {
            throw new IllegalArgumentException("the process needs a table \"" + name + "\"");
        }
        return tables.get(name);
    }

    private static NoiseSchedule discrete(NoiseSchedule plain, Manifest.Schedule schedule) {
        NoiseSchedule result = plain;
        if (schedule.zeroTerminalSnr()) {
            result = result.withZeroTerminalSnr();
        }
        if (or(schedule.shift(), 1.0) != 1) {
            result = result.withShift(schedule.shift());
        }
        if (schedule.offset() != 0) {
            result = result.withOffset(schedule.offset());
        }
        return "first".equals(schedule.end()) ? result.endingAtFirst() : result;
    }

    private static <T> T or(T given, T otherwise) {
        return Optional.ofNullable(given).orElse(otherwise);
    }
}
