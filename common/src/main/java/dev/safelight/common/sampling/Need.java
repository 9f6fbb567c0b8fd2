package dev.safelight.common.sampling;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Something that a method needs of a bundle.
 *
 * @param name what is missing where it is not met, as problems and documents say it: "a table \"variance\""
 */
public record Need(String name, Predicate<Offer> met) {
    private static final Set<Process.Kind> NOT_GAUSSIAN = Set.of(Process.Kind.COLD, Process.Kind.LEARNED);

    /** A process of one of these kinds. */
    public static Need process(Process.Kind... kinds) {
        List<Process.Kind> allowed = List.of(kinds);
        String words = Arrays.stream(kinds).map(Process.Kind::word).collect(Collectors.joining(" or "));
        return new Need(
                "a " + words + " process",
                offer -> allowed.contains(offer.process().kind()));
    }

    /** A process of levels, which every process with Gaussian noise is. */
    public static Need gaussian() {
        return new Need(
                "a process with Gaussian noise",
                offer -> !NOT_GAUSSIAN.contains(offer.process().kind()));
    }

    /** A network that fills a role beside the denoiser. */
    public static Need network(String role) {
        return new Need("a network \"" + role + "\"", offer -> offer.roles().contains(role));
    }

    /** An artifact. */
    public static Need table(String name) {
        return new Need("a table \"" + name + "\"", offer -> offer.tables().containsKey(name));
    }

    /** Something that the manifest says of the networks. */
    public static Need trait(String trait) {
        return new Need("the trait \"" + trait + "\"", offer -> offer.traits().contains(trait));
    }
}
