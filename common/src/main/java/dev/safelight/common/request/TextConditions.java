package dev.safelight.common.request;

import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.sampling.Option;
import dev.safelight.common.sampling.Values;
import dev.safelight.common.sampling.guidance.Guidance;
import dev.safelight.common.sampling.guidance.GuidanceOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A prompt in words.
 *
 * @param skips layers of the text encoder that may be left out; 0 where none may
 */
record TextConditions(int skips, boolean toldGuidance) implements Conditions {
    /** Far more than any text encoder reads; it bounds what is stored and tokenised. */
    private static final int LONGEST = 4_000;

    private static final Option.Prompt PROMPT = new Option.Prompt(
            "prompt",
            "What to draw, in words; (word:1.2) makes more of a word, (word:0.8) less. What is beyond the model's number of"
                    + " tokens is cut off",
            LONGEST);
    private static final Option.Prompt NEGATIVE = new Option.Prompt(
            "negative_prompt",
            "What to get away from, in words, in place of nothing in particular; guidance says how far",
            LONGEST);
    private static final Option.Prompt SHOWN =
            new Option.Prompt("source", "What the image shows, for inversion; omitted, nothing in particular", LONGEST);
    private static final Option.Flag WEIGHTING = new Option.Flag(
            "prompt_weighting", "Whether (word:1.2) weighs; false takes it for text like any other", true);

    static TextConditions of(Manifest manifest) {
        Manifest.Conditioning offered = manifest.conditioning();
        if (offered.text() == null || offered.text().tokenizers().isEmpty()) {
            throw new IllegalArgumentException("conditioning by text must list its tokenizers");
        }
        boolean told = manifest.networks().get(Manifest.DENOISER).inputs().contains("guidance");
        return new TextConditions(Math.max(0, offered.text().layers() - 1), told);
    }

    private Option.Whole skip() {
        return new Option.Whole("clip_skip", "How many of the text encoder's last layers are left out", 0, skips, 0);
    }

    @Override
    public List<Option<?>> options() {
        List<Option<?>> options = new ArrayList<>(List.of(PROMPT, WEIGHTING));
        if (skips > 0) {
            options.add(skip());
        }
        if (guidable()) {
            options.add(NEGATIVE);
            options.addAll(GuidanceOptions.ofGuided());
        }
        return options;
    }

    @Override
    public Optional<Option<?>> source() {
        return Optional.of(SHOWN);
    }

    @Override
    public boolean guidable() {
        return !toldGuidance;
    }

    @Override
    public boolean given(GenerationInput input, Values values) {
        return values.has(PROMPT);
    }

    @Override
    public List<Problem> problems(GenerationInput input, Values values) {
        return values.has(NEGATIVE) && !given(input, values)
                ? List.of(new Problem(
                        "invalid_value", "negative_prompt", "needs a prompt to get to, not only one to get away from"))
                : List.of();
    }

    @Override
    public List<Condition> conditions(GenerationInput input, Values values) {
        if (!given(input, values)) {
            return List.of(new Condition.Anything());
        }
        Condition asked = condition(values.find(PROMPT), values, skips == 0 ? 0 : values.get(skip()));
        return guidable()
                // The package diffusers leaves nothing out of the negative prompt, and people expect their pictures.
                ? List.of(asked, condition(values.find(NEGATIVE), values, 0))
                : List.of(asked);
    }

    @Override
    public Guidance guidance(GenerationInput input, Values values) {
        return given(input, values) && guidable()
                ? Conditions.guided(new double[] {1}, input, values)
                : Guidance.none();
    }

    @Override
    public Condition source(GenerationInput input, Values values) {
        return condition(values.find(SHOWN), values, skips == 0 ? 0 : values.get(skip()));
    }

    private static Condition condition(Optional<String> text, Values values, int skip) {
        return text.<Condition>map(words -> new Condition.Prompt(words, skip, values.get(WEIGHTING)))
                .orElseGet(Condition.Anything::new);
    }
}
