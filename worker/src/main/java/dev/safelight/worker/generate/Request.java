package dev.safelight.worker.generate;

import dev.safelight.common.bundle.Manifest;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Spacing;
import dev.safelight.worker.batch.Conditioning;
import dev.safelight.worker.sample.Guidance;
import dev.safelight.worker.sample.Plan;
import dev.safelight.worker.sample.Sampler;
import dev.safelight.worker.sample.Samplers;
import java.util.List;

/** An input translated into what the sampling code works with. */
record Request(Sampler<?> sampler, Plan plan, Guidance guidance, List<Conditioning> conditions) {

    /** @throws IllegalArgumentException when the model cannot do what the input asks for; the message says what */
    static Request of(GenerationInput input, Model model) {
        Method method = Method.find(input.sampler())
                .orElseThrow(() -> new IllegalArgumentException("no sampler is called " + input.sampler()));
        Plan plan = Plan.of(model.schedule(), Spacing.of(input.spacing()), method.grid(), input.steps());
        Manifest.Conditioning offered = model.bundle().manifest().conditioning();
        Guidance guidance = guidance(input, offered);
        List<Conditioning> conditions = guidance.branches().stream()
                .map(branch -> condition(branch, input.label(), offered))
                .toList();
        return new Request(Samplers.create(method, new Samplers.Options(input.eta())), plan, guidance, conditions);
    }

    private static Guidance guidance(GenerationInput input, Manifest.Conditioning offered) {
        if (offered.kind().equals("none")) {
            return new Guidance(1);
        }
        return new Guidance(input.label() == null ? 0 : input.guidance());
    }

    private static Conditioning condition(Guidance.Branch branch, String label, Manifest.Conditioning offered) {
        return switch (offered.kind()) {
            case "none" -> new Conditioning.Unconditional();
            case "class" ->
                new Conditioning.ClassIndex(
                        branch == Guidance.Branch.NULL ? nullIndex(offered) : classIndex(label, offered));
            default -> throw new IllegalArgumentException("no conditioning is called " + offered.kind());
        };
    }

    private static int classIndex(String label, Manifest.Conditioning offered) {
        int index = offered.classes().indexOf(label);
        if (index < 0) {
            throw new IllegalArgumentException("the model has no class " + label);
        }
        return index;
    }

    private static int nullIndex(Manifest.Conditioning offered) {
        if (offered.nullIndex() == null) {
            throw new IllegalArgumentException(
                    "the model was not trained without classes: name one, and leave guidance at 1");
        }
        return offered.nullIndex();
    }
}
