package dev.safelight.common.sampling;

import java.util.List;
import java.util.Map;

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
