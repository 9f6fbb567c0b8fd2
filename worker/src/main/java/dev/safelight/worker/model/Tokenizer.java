package dev.safelight.worker.model;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.BundleException;
import dev.safelight.common.bundle.BundleReader;
import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.request.Emphasis;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/** Turns prompts into the numbers that a text encoder reads. Safe from any thread. */
public final class Tokenizer implements AutoCloseable {
    private final HuggingFaceTokenizer words;
    private final Manifest.Tokenizer described;

    private Tokenizer(HuggingFaceTokenizer words, Manifest.Tokenizer described) {
        this.words = words;
        this.described = described;
    }

    /**
     * @param ids of as many tokens as the encoder reads; floats hold each exactly
     * @param weights 1 where nothing was said of them
     */
    public record Tokens(float[] ids, float[] weights) {}

    /**
     * @throws BundleException when its file differs from its digest or is no tokenizer
     * @throws UncheckedIOException when the file is missing, or cannot be read for the moment
     */
    public static Tokenizer load(Bundle bundle, Manifest.Tokenizer described) {
        Path file = BundleReader.verified(bundle, described);
        // Padding and cutting are done here: a piece of a prompt is not yet a prompt.
        Map<String, String> options = Map.of(
                "addSpecialTokens", "false", "truncation", "false", "padding", "false", "modelMaxLength", "1000000");
        Device.prepare();
        try (var in = Files.newInputStream(file)) {
            return new Tokenizer(HuggingFaceTokenizer.newInstance(in, options), described);
        } catch (IOException e) {
            throw new UncheckedIOException("bundle " + bundle.name() + ": cannot read " + file + ": " + e, e);
        } catch (RuntimeException e) {
            throw new BundleException("bundle " + bundle.name() + ": cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    /** What it makes of a prompt whose pieces may weigh more or less than others. */
    public Tokens tokens(List<Emphasis.Piece> prompt) {
        List<Integer> ids = new ArrayList<>(described.begin());
        List<Float> weights = new ArrayList<>(Collections.nCopies(ids.size(), 1f));
        int room = described.length() - described.end().size();
        for (Emphasis.Piece piece : prompt) {
            long[] found = words.encode(piece.text()).getIds();
            for (int i = 0; i < found.length && ids.size() < room; i++) {
                ids.add((int) found[i]);
                weights.add((float) piece.weight());
            }
        }
        ids.addAll(described.end());
        float[] all = new float[described.length()];
        float[] heavy = new float[described.length()];
        Arrays.fill(all, described.pad());
        Arrays.fill(heavy, 1);
        for (int i = 0; i < ids.size(); i++) {
            all[i] = ids.get(i);
        }
        for (int i = 0; i < weights.size(); i++) {
            heavy[i] = weights.get(i);
        }
        return new Tokens(all, heavy);
    }

    /** The inputs of the text network that it fills. */
    public Manifest.Tokenizer described() {
        return described;
    }

    @Override
    public void close() {
        words.close();
    }
}
