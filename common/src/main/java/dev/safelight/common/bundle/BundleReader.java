package dev.safelight.common.bundle;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.safelight.common.sampling.sampler.Methods;
import dev.safelight.common.wire.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Reads a bundle folder and refuses what a worker could not run safely. */
public final class BundleReader {
    private static final List<String> ACTIONS = List.of("flag", "blur", "withhold");
    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9.-]{0,62}");

    private BundleReader() {}

    /**
     * Reads and checks the manifest of one bundle; network files are not opened.
     *
     * @throws BundleException when the manifest is none or contradicts itself
     * @throws UncheckedIOException when it is missing, or cannot be read for the moment
     */
    public static Bundle read(Path folder) {
        Path file = folder.resolve("model.json");
        try {
            byte[] bytes = Files.readAllBytes(file);
            Manifest manifest = Json.MAPPER.readValue(bytes, Manifest.class);
            check(folder, manifest);
            return new Bundle(manifest, folder, HexFormat.of().formatHex(sha256().digest(bytes)));
        } catch (JsonProcessingException e) {
            throw new BundleException(file + " is not a valid manifest: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file + ": " + e, e);
        }
    }

    /**
     * Compares a network file with the digest that the manifest lists. TorchScript can execute code, so this comes
     * before any native library sees the file.
     *
     * @return the checked file
     * @throws BundleException when the file differs
     * @throws UncheckedIOException when it is missing, or cannot be read for the moment
     */
    public static Path verified(Bundle bundle, String role) {
        Manifest.Network network = bundle.manifest().networks().get(role);
        Path file = bundle.file(network.file());
        String actual = digest(file);
        if (!actual.equalsIgnoreCase(network.sha256())) {
            throw new BundleException("bundle " + bundle.name() + ": " + network.file() + " has SHA-256 " + actual
                    + " but model.json lists " + network.sha256());
        }
        return file;
    }

    /**
     * Compares a tokenizer's file with the digest that the manifest lists.
     *
     * @return the checked file
     * @throws BundleException when the file differs
     * @throws UncheckedIOException when it is missing, or cannot be read for the moment
     */
    public static Path verified(Bundle bundle, Manifest.Tokenizer tokenizer) {
        Path file = bundle.file(tokenizer.file());
        String actual = digest(file);
        if (!actual.equalsIgnoreCase(tokenizer.sha256())) {
            throw new BundleException("bundle " + bundle.name() + ": " + tokenizer.file() + " has SHA-256 " + actual
                    + " but model.json lists " + tokenizer.sha256());
        }
        return file;
    }

    /**
     * The tables of a bundle by name.
     *
     * @throws BundleException when one differs from its digest or is no list of numbers
     * @throws UncheckedIOException when one is missing, or cannot be read for the moment
     */
    static Map<String, double[]> tables(Bundle bundle) {
        Map<String, double[]> tables = new HashMap<>();
        Map<String, Manifest.Table> listed = bundle.manifest().tables() == null
                ? Map.of()
                : bundle.manifest().tables();
        listed.forEach((name, table) -> {
            Path file = bundle.file(table.file());
            if (!digest(file).equalsIgnoreCase(table.sha256())) {
                throw new BundleException("bundle " + bundle.name() + ": " + table.file()
                        + " is not the file that model.json lists: its SHA-256 is " + digest(file));
            }
            try {
                tables.put(name, Json.MAPPER.readValue(file.toFile(), double[].class));
            } catch (JsonProcessingException e) {
                throw new BundleException(file + " is not a list of numbers: " + e.getMessage(), e);
            } catch (IOException e) {
                throw new UncheckedIOException("cannot read " + file + ": " + e, e);
            }
        });
        return tables;
    }

    private static String digest(Path file) {
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), sha256())) {
            in.transferTo(java.io.OutputStream.nullOutputStream());
            return HexFormat.of()
                    .formatHex(((DigestInputStream) in).getMessageDigest().digest());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file + ": " + e, e);
        }
    }

    private static void check(Path folder, Manifest manifest) {
        require(folder, manifest.format() == 1 || manifest.format() == 2, "format must be 1 or 2");
        checkSafety(folder, manifest);
        checkLoras(folder, manifest);
        require(folder, manifest.name() != null && NAME.matcher(manifest.name()).matches(), "name is missing or odd");
        require(
                folder,
                manifest.queue() != null && NAME.matcher(manifest.queue()).matches(),
                "queue is missing or odd");
        require(folder, manifest.date() != null, "date is missing");
        require(
                folder,
                manifest.networks() != null && manifest.networks().containsKey(Manifest.DENOISER),
                "networks.denoiser is missing");
        for (Map.Entry<String, Manifest.Network> entry : manifest.networks().entrySet()) {
            Path file = folder.resolve(entry.getValue().file()).normalize();
            require(
                    folder,
                    file.startsWith(folder.normalize()),
                    "networks." + entry.getKey() + ".file leaves the folder");
        }
        require(
                folder,
                manifest.latent() != null && manifest.process() != null && manifest.conditioning() != null,
                "latent, process and conditioning are required");
        require(folder, manifest.defaults() != null && manifest.limits() != null, "defaults and limits are required");
        if (manifest.samplers() != null) {
            require(
                    folder,
                    manifest.samplers().contains(manifest.defaults().sampler()),
                    "samplers must list the default sampler");
            manifest.samplers()
                    .forEach(name -> require(folder, Methods.find(name).isPresent(), "no sampler is called " + name));
        }
        if (manifest.conditioning().text() != null) {
            manifest.conditioning().text().tokenizers().forEach(tokenizer -> {
                Path file = folder.resolve(tokenizer.file()).normalize();
                require(folder, file.startsWith(folder.normalize()), tokenizer.file() + " leaves the folder");
            });
        }
        if (manifest.tables() != null) {
            manifest.tables().forEach((name, table) -> {
                Path file = folder.resolve(table.file()).normalize();
                require(folder, file.startsWith(folder.normalize()), "tables." + name + ".file leaves the folder");
            });
        }
    }

    /** A worker that has never heard of it would show what it is there to hide: format 2 keeps the bundle from that one. */
    private static void checkSafety(Path folder, Manifest manifest) {
        Manifest.Safety safety = manifest.safety();
        boolean network = manifest.networks() != null && manifest.networks().containsKey(Manifest.SAFETY);
        require(folder, network == (safety != null), "safety and networks.safety need each other");
        if (safety != null) {
            require(folder, manifest.format() >= 2, "format must be 2 where there is a network for safety");
            require(
                    folder,
                    safety.threshold() != null && Double.isFinite(safety.threshold()),
                    "safety.threshold must be a number");
            require(
                    folder,
                    safety.action() != null && ACTIONS.contains(safety.action()),
                    "safety.action must be flag, blur or withhold");
        }
    }

    private static void checkLoras(Path folder, Manifest manifest) {
        List<String> loras = manifest.loras();
        if (loras != null) {
            require(folder, manifest.format() >= 2, "format must be 2 where there are LoRAs to choose from");
            require(
                    folder,
                    !loras.isEmpty()
                            && loras.stream().distinct().count() == loras.size()
                            && loras.stream()
                                    .allMatch(name -> NAME.matcher(name).matches()),
                    "loras must be different names");
        }
    }

    private static void require(Path folder, boolean holds, String otherwise) {
        if (!holds) {
            throw new BundleException(folder.resolve("model.json") + ": " + otherwise);
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
