package dev.safelight.common.sampling.sampler;

import dev.safelight.common.sampling.Method;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Every sampler there is: one line registers a file. */
public final class Methods {
    private static final List<Method> ALL = Stream.of(
                    Ddpm.METHODS,
                    Ddim.METHODS,
                    AnalyticDpm.METHODS,
                    OptimalSchedule.METHODS,
                    Euler.METHODS,
                    EulerAncestral.METHODS,
                    Heun.METHODS,
                    Lms.METHODS,
                    Plms.METHODS,
                    DpmPlusPlus.METHODS,
                    UniPc.METHODS,
                    Lcm.METHODS,
                    ScoreSde.METHODS,
                    ProbabilityFlow.METHODS,
                    AnnealedLangevin.METHODS,
                    FlowEuler.METHODS,
                    NoiseLaws.METHODS,
                    Cold.METHODS,
                    Ddgan.METHODS,
                    DiffFlow.METHODS)
            .flatMap(List::stream)
            .toList();

    private Methods() {}

    /** In the order of the documents. */
    public static List<Method> all() {
        return ALL;
    }

    /** Empty for a word that names no sampler. */
    public static Optional<Method> find(String name) {
        return ALL.stream().filter(method -> method.name().equals(name)).findFirst();
    }
}
