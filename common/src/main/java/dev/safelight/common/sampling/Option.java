package dev.safelight.common.sampling;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A field of a request's input that a method understands: its arithmetic reads it, the API checks and describes it.
 *
 * @param <T> what its value is to the arithmetic
 */
public sealed interface Option<T> {

    /** The field's name in requests. */
    String name();

    String description();

    /** The value where none was given; null when there is none. */
    T fallback();

    /**
     * The value of a JSON value as Jackson binds it.
     *
     * @throws IllegalArgumentException when it is none; the message goes on after the field's name
     */
    T read(Object value);

    /** A value that {@link #read} takes, with all that it leaves unsaid. */
    default Object complete(Object value) {
        return value;
    }

    /** A number in a closed range. */
    record Real(String name, String description, double low, double high, Double fallback) implements Option<Double> {
        @Override
        public Double read(Object value) {
            if (value instanceof Number number && number.doubleValue() >= low && number.doubleValue() <= high) {
                return number.doubleValue();
            }
            throw new IllegalArgumentException("must be a number from " + low + " to " + high);
        }
    }

    /** A whole number in a closed range. */
    record Whole(String name, String description, int low, int high, Integer fallback) implements Option<Integer> {
        @Override
        public Integer read(Object value) {
            if (value instanceof Number number
                    && number.doubleValue() == number.intValue()
                    && number.intValue() >= low
                    && number.intValue() <= high) {
                return number.intValue();
            }
            throw new IllegalArgumentException("must be a whole number from " + low + " to " + high);
        }
    }

    /** One of a few words. */
    record Word(String name, String description, List<String> words, String fallback) implements Option<String> {
        @Override
        public String read(Object value) {
            if (value instanceof String word && words.contains(word)) {
                return word;
            }
            throw new IllegalArgumentException("must be one of " + String.join(", ", words));
        }
    }

    /** Yes or no. */
    record Flag(String name, String description, Boolean fallback) implements Option<Boolean> {
        @Override
        public Boolean read(Object value) {
            if (value instanceof Boolean flag) {
                return flag;
            }
            throw new IllegalArgumentException("must be true or false");
        }
    }

    /** A list of numbers. */
    record Reals(String name, String description, int most, double low, double high) implements Option<List<Double>> {
        @Override
        public List<Double> fallback() {
            return null;
        }

        @Override
        public List<Double> read(Object value) {
            if (value instanceof List<?> list && !list.isEmpty() && list.size() <= most) {
                Real element = new Real(name, description, low, high, null);
                return list.stream().map(element::read).toList();
            }
            throw new IllegalArgumentException("must be a list of 1 to " + most + " numbers");
        }
    }

    /** A text of the client's, in any language. */
    record Prompt(String name, String description, int most) implements Option<String> {
        @Override
        public String fallback() {
            return null;
        }

        @Override
        public String read(Object value) {
            if (value instanceof String text && text.length() <= most) {
                return text;
            }
            throw new IllegalArgumentException("must be a string of at most " + most + " characters");
        }
    }

    /** A word whose meaning only the bundle knows, for example one of its classes. */
    record Text(String name, String description) implements Option<String> {
        @Override
        public String fallback() {
            return null;
        }

        @Override
        public String read(Object value) {
            if (value instanceof String text) {
                return text;
            }
            throw new IllegalArgumentException("must be a string");
        }
    }

    /** A whole number that a request may leave to chance. */
    record Seed(String name, String description) implements Option<Long> {
        /** What every JSON reader keeps exactly. */
        public static final long LARGEST = (1L << 53) - 1;

        @Override
        public Long fallback() {
            return null;
        }

        @Override
        public Long read(Object value) {
            if ((value instanceof Integer || value instanceof Long)
                    && ((Number) value).longValue() >= 0
                    && ((Number) value).longValue() <= LARGEST) {
                return ((Number) value).longValue();
            }
            throw new IllegalArgumentException("must be a whole number from 0 to " + LARGEST);
        }
    }

    /** An image that a client brings along. To the arithmetic it is the digest under which its bytes are kept. */
    record Image(String name, String description) implements Option<String> {
        @Override
        public String fallback() {
            return null;
        }

        @Override
        public String read(Object value) {
            if (value instanceof String text && !text.isEmpty()) {
                return text;
            }
            throw new IllegalArgumentException("must be an image: a file id, a data URL or an https URL");
        }
    }

    /**
     * How an image is written down: {@code {"format": "jpeg", "quality": 85}}.
     *
     * @param exact formats that keep every pixel, and so have no quality
     * @param lossy formats that have one
     * @param quality of the latter, 1 to 100, where none is given
     */
    record Encoding(String name, String description, List<String> exact, List<String> lossy, int quality)
            implements Option<Encoding.Choice> {
        public static final int BEST = 100;

        /** @param quality 1 to 100; {@link #BEST} of an exact format */
        public record Choice(String format, int quality) {}

        public List<String> formats() {
            return Stream.concat(exact.stream(), lossy.stream()).toList();
        }

        @Override
        public Choice fallback() {
            return new Choice(exact.getFirst(), BEST);
        }

        @Override
        public Choice read(Object value) {
            if (!(value instanceof Map<?, ?> map)
                    || !(map.get("format") instanceof String format)
                    || !formats().contains(format)) {
                throw new IllegalArgumentException("must have a format: " + String.join(", ", formats()));
            }
            if (exact.contains(format)) {
                if (map.containsKey("quality")) {
                    throw new IllegalArgumentException("quality: " + format + " keeps every pixel and has none");
                }
                return new Choice(format, BEST);
            }
            return new Choice(
                    format,
                    map.containsKey("quality")
                            ? new Whole(name, description, 1, BEST, null).read(map.get("quality"))
                            : quality);
        }

        @Override
        public Object complete(Object value) {
            if (!(value instanceof Map<?, ?> map) || !lossy.contains(map.get("format")) || map.containsKey("quality")) {
                return value;
            }
            Map<Object, Object> whole = new LinkedHashMap<>(map);
            whole.put("quality", quality);
            return whole;
        }
    }

    /**
     * Changes of the network, with weights: {@code [{"name": "style", "weight": 0.8}]}. To the arithmetic it is a weight for
     * each change that the bundle has, 0 for those that are not named.
     *
     * @param names of the bundle's changes, in its order
     * @param most largest weight, and largest negative one
     */
    record Loras(String name, String description, List<String> names, double most) implements Option<List<Double>> {
        private static final double WHOLE = 1;

        @Override
        public List<Double> fallback() {
            return null;
        }

        @Override
        public List<Double> read(Object value) {
            if (!(value instanceof List<?> list)) {
                throw new IllegalArgumentException("must be a list of objects with name and weight");
            }
            Double[] weights = new Double[names.size()];
            for (Object one : list) {
                if (!(one instanceof Map<?, ?> map) || !(map.get("name") instanceof String called)) {
                    throw new IllegalArgumentException("must be a list of objects with name and weight");
                }
                int place = names.indexOf(called);
                if (place < 0) {
                    throw new IllegalArgumentException(
                            "has no " + called + "; the model knows " + String.join(", ", names));
                }
                if (weights[place] != null) {
                    throw new IllegalArgumentException("names " + called + " twice");
                }
                weights[place] = map.containsKey("weight")
                        ? new Real(name, description, -most, most, null).read(map.get("weight"))
                        : Double.valueOf(WHOLE);
            }
            return Stream.of(weights)
                    .map(weight -> weight == null ? 0.0 : weight)
                    .toList();
        }

        @Override
        public Object complete(Object value) {
            if (!(value instanceof List<?> list)) {
                return value;
            }
            return list.stream().map(Loras::weighted).toList();
        }

        private static Object weighted(Object one) {
            if (!(one instanceof Map<?, ?> map) || map.containsKey("weight")) {
                return one;
            }
            Map<Object, Object> whole = new LinkedHashMap<>(map);
            whole.put("weight", WHOLE);
            return whole;
        }
    }

    /**
     * Several factors at once, each with one of its values or several with fractions: {@code {"digit": "3", "color":
     * {"red": 0.5, "blue": 0.5}}}. To the arithmetic it is the blocks of all factors one after the other.
     */
    record Factors(String name, String description, List<Factor> factors) implements Option<List<Double>> {

        /** @param values in the order of their places in the factor's block */
        public record Factor(String name, List<String> values) {}

        @Override
        public List<Double> fallback() {
            return null;
        }

        @Override
        public List<Double> read(Object value) {
            if (!(value instanceof Map<?, ?> map)) {
                throw new IllegalArgumentException("must be an object of factors");
            }
            for (Object key : map.keySet()) {
                if (factors.stream().noneMatch(factor -> factor.name().equals(key))) {
                    throw new IllegalArgumentException("names no factor of the model: " + key);
                }
            }
            List<Double> blocks = new ArrayList<>();
            for (Factor factor : factors) {
                blocks.addAll(block(factor, map.get(factor.name())));
            }
            return blocks;
        }

        private static List<Double> block(Factor factor, Object value) {
            Map<?, ?> weights = switch (value) {
                case null -> Map.of();
                case String word -> Map.of(word, 1);
                case Map<?, ?> map -> map;
                default ->
                    throw new IllegalArgumentException(
                            factor.name() + " must be one of its values, or an object of values with weights");
            };
            for (Map.Entry<?, ?> entry : weights.entrySet()) {
                if (!factor.values().contains(entry.getKey())) {
                    throw new IllegalArgumentException(factor.name() + " has no value " + entry.getKey());
                }
                if (!(entry.getValue() instanceof Number weight)
                        || !(weight.doubleValue() >= 0 && weight.doubleValue() <= 1)) {
                    throw new IllegalArgumentException(factor.name() + ": a weight is a number from 0 to 1");
                }
            }
            return factor.values().stream()
                    .map(word -> weights.get(word) instanceof Number weight ? weight.doubleValue() : 0.0)
                    .toList();
        }
    }

    /** Several combinations of factors with weights: {@code [{"factors": {"digit": "3"}, "weight": 1}, …]}. */
    record FactorTerms(String name, String description, int most, Factors one)
            implements Option<List<FactorTerms.Term>> {

        /** @param blocks as {@link Factors} reads them */
        public record Term(List<Double> blocks, double weight) {}

        @Override
        public List<Term> fallback() {
            return null;
        }

        @Override
        public List<Term> read(Object value) {
            if (value instanceof List<?> list && !list.isEmpty() && list.size() <= most) {
                return list.stream().map(this::term).toList();
            }
            throw new IllegalArgumentException("must be a list of 1 to " + most + " combinations with weights");
        }

        private Term term(Object value) {
            if (value instanceof Map<?, ?> map && map.get("weight") instanceof Number weight) {
                return new Term(one.read(map.get("factors")), weight.doubleValue());
            }
            throw new IllegalArgumentException("must be a list of objects with factors and weight");
        }
    }

    /** Classes with weights: {@code [{"class": "bag", "weight": 2}, …]}. */
    record Terms(String name, String description, int most) implements Option<List<Terms.Term>> {

        /** @param weight 1 is plain conditional */
        public record Term(String label, double weight) {}

        @Override
        public List<Term> fallback() {
            return null;
        }

        @Override
        public List<Term> read(Object value) {
            if (value instanceof List<?> list && !list.isEmpty() && list.size() <= most) {
                return list.stream().map(this::term).toList();
            }
            throw new IllegalArgumentException("must be a list of 1 to " + most + " classes with weights");
        }

        private Term term(Object value) {
            if (value instanceof Map<?, ?> map
                    && map.get("class") instanceof String label
                    && map.get("weight") instanceof Number weight) {
                return new Term(label, weight.doubleValue());
            }
            throw new IllegalArgumentException("must be a list of objects with class and weight");
        }
    }
}
