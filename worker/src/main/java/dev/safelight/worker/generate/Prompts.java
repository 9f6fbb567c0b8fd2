package dev.safelight.worker.generate;

import dev.safelight.common.bundle.Bundle;
import dev.safelight.common.bundle.InputShape;
import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.request.Condition;
import dev.safelight.common.request.Emphasis;
import dev.safelight.worker.batch.Conditioning;
import dev.safelight.worker.batch.Row;
import dev.safelight.worker.batch.Walk;
import dev.safelight.worker.model.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a bundle's text network makes of prompts, and what it made of the latest: people try many seeds with one prompt. A
 * prompt means the same to every job, whoever had it read: prompts share a call only where that changes none of their bits
 * ({@link Aloofness}). Safe from any thread.
 */
final class Prompts implements AutoCloseable {
    /** Numbers that are remembered: 64 MiB. */
    private static final long MOST_NUMBERS = 16L << 20;

    /** Unlike ones. A call of more of them is hardly any quicker for each. */
    private static final List<String> SAMPLES =
            List.of("a red fox", "the (sea:1.3) at night, oil on canvas, 1890", "", "Zwölf Boxkämpfer ".repeat(20));

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
        } catch (RuntimeException | Error e) {
            tokenizers.forEach(Tokenizer::close);
            throw e;
        }
        return new Prompts(bundle.manifest(), tokenizers);
    }

    /**
     * Reads what was not read before, in as few calls as the network allows.
     *
     * @param conditions prompts, or what stands for none
     * @param loras weights of the bundle's LoRAs
     * @param reader asks the text network
     * @param most rows that a call may carry
     * @return what each of them says, in their order
     * @throws dev.safelight.worker.batch.EvaluationStopped while the network runs
     */
    List<Conditioning> read(List<Condition> conditions, float[] loras, Walk reader, int most) {
        Map<Question, Conditioning.Text> said = new HashMap<>();
        Set<Question> unread = new LinkedHashSet<>();
        for (Condition condition : conditions) {
            if (!silent(condition)) {
                Question question = question(prompt(condition), loras);
                recall(question).ifPresentOrElse(text -> said.put(question, text), () -> unread.add(question));
            }
        }
        if (!unread.isEmpty()) {
            said.putAll(asked(List.copyOf(unread), loras, reader, most));
        }
        return conditions.stream()
                .<Conditioning>map(
                        condition -> silent(condition) ? silence() : said.get(question(prompt(condition), loras)))
                .toList();
    }

    private Map<Question, Conditioning.Text> asked(List<Question> questions, float[] loras, Walk reader, int most) {
        Map<Question, Conditioning.Text> said = new HashMap<>();
        for (int first = 0; first < questions.size(); first += most) {
            List<Question> part = questions.subList(first, Math.min(first + most, questions.size()));
            List<float[]> made = reader.evaluate(
                    part.stream().map(question -> row(question.prompt(), loras)).toList());
            for (int i = 0; i < made.size(); i++) {
                Conditioning.Text text = new Conditioning.Text(made.get(i));
                said.put(part.get(i), text);
                remember(part.get(i), text);
            }
        }
        return said;
    }

    /** Whether nothing is read where no prompt is given. */
    private boolean silent(Condition condition) {
        return condition instanceof Condition.Anything
                && "zeros".equals(manifest.conditioning().text().unsaid());
    }

    private Conditioning.Text silence() {
        return new Conditioning.Text(new float[InputShape.size(manifest, Manifest.DENOISER, "text")]);
    }

    private static Condition.Prompt prompt(Condition condition) {
        return switch (condition) {
            case Condition.Prompt prompt -> prompt;
            case Condition.Anything _ -> new Condition.Prompt("", 0, false);
            default -> throw new IllegalArgumentException("a text network reads no " + condition);
        };
    }

    /** Unlike prompts as the text network is asked, under unlike LoRAs: no more than a call may carry. */
    List<Row> samples(int most) {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < Math.min(most, SAMPLES.size()); i++) {
            float[] loras =
                    new float[manifest.loras() == null ? 0 : manifest.loras().size()];
            Arrays.fill(loras, i / 2f);
            rows.add(row(new Condition.Prompt(SAMPLES.get(i), 0, true), loras));
        }
        return rows;
    }

    private Row row(Condition.Prompt prompt, float[] loras) {
        return new Row(new float[0], 0, new Conditioning.Unconditional(), inputs(prompt, loras));
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

    private synchronized Optional<Conditioning.Text> recall(Question question) {
        return Optional.ofNullable(known.get(question));
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
