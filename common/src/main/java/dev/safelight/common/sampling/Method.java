package dev.safelight.common.sampling;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * A sampler that requests may name: everything that the API, the worker and the documents have to know of it. Each is
 * declared beside its arithmetic.
 *
 * @param name in requests and manifests
 * @param description one line for model lists and documents
 * @param advice when to use it
 * @param source the paper
 * @param evaluations of the network, for N steps
 */
public record Method(
        String name,
        String description,
        String advice,
        String source,
        String evaluations,
        Layout layout,
        List<Option<?>> options,
        List<Need> needs,
        Function<Setting, Sampler<?>> create) {

    public Method {
        options = List.copyOf(options);
        needs = List.copyOf(needs);
    }

    /** All that a request can say to this method: its own options and those of its layout. */
    public List<Option<?>> allOptions() {
        return Stream.concat(options.stream(), layout.options().stream()).toList();
    }

    /** What an offer lacks; empty when the method can run on it. */
    public List<Need> lacking(Offer offer) {
        return needs.stream().filter(need -> !need.met().test(offer)).toList();
    }

    /** @throws IllegalArgumentException when the steps cannot be laid out as asked; the message says why */
    public Plan plan(Setting setting) {
        return layout.plan(setting);
    }

    public Sampler<?> sampler(Setting setting) {
        return create.apply(setting);
    }

    public static Draft called(String name, String description) {
        return new Draft(name, description);
    }

    /** A method that is being declared; {@link #made} ends the declaration. */
    public static final class Draft {
        private final String name;
        private final String description;
        private String advice = "";
        private String source = "";
        private String evaluations = "N";
        private Layout layout;
        private final List<Option<?>> options = new ArrayList<>();
        private final List<Need> needs = new ArrayList<>();

        private Draft(String name, String description) {
            this.name = name;
            this.description = description;
        }

        public Draft when(String advice) {
            this.advice = advice;
            return this;
        }

        public Draft from(String source) {
            this.source = source;
            return this;
        }

        public Draft costing(String evaluations) {
            this.evaluations = evaluations;
            return this;
        }

        public Draft over(Layout layout) {
            this.layout = layout;
            return this;
        }

        public Draft taking(Option<?>... more) {
            options.addAll(List.of(more));
            return this;
        }

        public Draft needing(Need... more) {
            needs.addAll(List.of(more));
            return this;
        }

        public Method made(Function<Setting, Sampler<?>> create) {
            return new Method(name, description, advice, source, evaluations, layout, options, needs, create);
        }
    }
}
