package dev.safelight.worker.generate;

import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.InputShape;
import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.request.Condition;
import dev.safelight.common.request.Emphasis;
import dev.safelight.worker.batch.Batcher;
import dev.safelight.worker.batch.Conditioning;
import dev.safelight.worker.batch.Group;
import dev.safelight.worker.batch.Row;
import dev.safelight.worker.batch.Ticket;
import dev.safelight.worker.batch.Walk;
import dev.safelight.worker.model.Tokenizer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a bundle's text network makes of prompts, and what it made of the latest: people try many seeds with one prompt. A
 * prompt is read alone, in a call of one row, so that it means the same to every job. Safe from any thread.
 */
final class Prompts implements AutoCloseable {
    /** Numbers that are remembered: 64 MiB. */
    private static final long MOST_NUMBERS = 16L << 20;

    private final Manifest manifest;
    private final List<Tokenizer> tokenizers;
    private final Map<Question, Conditioning.Text> known = new LinkedHashMap<>(16, 0.75f, true);
    private final boolean changed;
    private long numbers;

    /** @param loras weights of the changes under which it was read; none where they do not change the text network */
    private record Question(Condition.Prompt prompt, List<Float> loras) {}

    private Prompts(Manifest manifest, List<Tokenizer> tokenizers) {
        this.manifest = manifest;
        this.tokenizers = tokenizers;
        Manifest.Network network = manifest.networks().get(Manifest.TEXT);
        this.changed = network != null && network.inputs().contains("loras");
    }

    /** @throws dev.safelight.common.bundle.BundleException when a tokenizer cannot be read */
    static Prompts load(Bundle bundle) {
        List<Tokenizer> tokenizers = new ArrayList<>();
        Manifest.Text text = bundle.manifest().conditioning().text();
        try {
            if (text != null) {
                text.tokenizers().forEach(described -> tokenizers.add(Tokenizer.load(bundle, described)));
            }
        } catch (RuntimeException e) {
            tokenizers.forEach(Tokenizer::close);
            throw e;
        }
        return new Prompts(bundle.manifest(), tokenizers);
    }

    /**
     * @param loras weights of the bundle's LoRAs
     * @throws dev.safelight.worker.batch.EvaluationStopped while the network runs
     */
    Conditioning.Text read(Condition.Prompt prompt, float[] loras, Batcher batcher, Group network, Ticket ticket) {
        Question question = question(prompt, loras);
        Conditioning.Text before = recall(question);
        if (before != null) {
            return before;
        }
        try (Walk walk = batcher.join(ticket, network, true, 1).getFirst()) {
            Row row = new Row(new float[0], 0, new Conditioning.Unconditional(), inputs(prompt, loras));
            Conditioning.Text made =
                    new Conditioning.Text(walk.evaluate(List.of(row)).getFirst());
            remember(question, made);
            return made;
        }
    }

    /** What stands for no prompt. */
    Conditioning.Text unsaid(float[] loras, Batcher batcher, Group network, Ticket ticket) {
        return "zeros".equals(manifest.conditioning().text().unsaid())
                ? new Conditioning.Text(new float[InputShape.size(manifest, Manifest.DENOISER, "text")])
                : read(new Condition.Prompt("", 0, false), loras, batcher, network, ticket);
    }

    private Question question(Condition.Prompt prompt, float[] loras) {
        List<Float> weights = new ArrayList<>();
        for (int i = 0; changed && i < loras.length; i++) {
            weights.add(loras[i]);
        }
        return new Question(prompt, weights);
    }

    private Map<String, float[]> inputs(Condition.Prompt prompt, float[] loras) {
        Map<String, float[]> inputs = new HashMap<>();
        List<Emphasis.Piece> pieces = prompt.weighted() ? Emphasis.of(prompt.text()) : Emphasis.none(prompt.text());
        for (Tokenizer tokenizer : tokenizers) {
            Tokenizer.Tokens tokens = tokenizer.tokens(pieces);
            inputs.put(tokenizer.described().input(), tokens.ids());
            if (tokenizer.described().weights() != null) {
                inputs.put(tokenizer.described().weights(), tokens.weights());
            }
        }
        inputs.put("skip", new float[] {prompt.skip()});
        inputs.put("loras", loras);
        return inputs;
    }

    private synchronized Conditioning.Text recall(Question question) {
        return known.get(question);
    }

    private synchronized void remember(Question question, Conditioning.Text made) {
        Conditioning.Text before = known.put(question, made);
        numbers += made.values().length - (before == null ? 0 : before.values().length);
        var oldest = known.entrySet().iterator();
        while (numbers > MOST_NUMBERS && known.size() > 1) {
            numbers -= oldest.next().getValue().values().length;
            oldest.remove();
        }
    }

    @Override
    public void close() {
        tokenizers.forEach(Tokenizer::close);
    }
}
