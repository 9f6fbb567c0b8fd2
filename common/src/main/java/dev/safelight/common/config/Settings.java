package dev.safelight.common.config;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * Reads a component's configuration record out of environment variables. Every problem is collected, so that an
 * operator sees all of them at once, and every variable read is remembered, so that the documented table can be tested
 * against the code.
 */
public final class Settings {
    private final Map<String, String> environment;
    private final Map<String, Variable> variables = new LinkedHashMap<>();
    private final List<String> problems = new ArrayList<>();

    /** One row of the documentation's table; {@code fallback} is empty where there is none. */
    public record Variable(String name, String fallback, String description) {}

    public Settings(Map<String, String> environment) {
        this.environment = new TreeMap<>(environment);
    }

    public String text(String name, String fallback, String description) {
        return read(name, fallback, description, Function.identity());
    }

    /** A value without which the component cannot start. */
    public String required(String name, String description) {
        String value = text(name, "", description);
        if (value.isEmpty()) {
            problems.add(name + " is not set (" + description + ")");
        }
        return value;
    }

    public int integer(String name, int fallback, int lowest, int highest, String description) {
        return read(name, Integer.toString(fallback), description, text -> {
            int value = Integer.parseInt(text);
            if (value < lowest || value > highest) {
                throw new IllegalArgumentException("must be between " + lowest + " and " + highest);
            }
            return value;
        });
    }

    /** A duration such as {@code 500ms}, {@code 15s}, {@code 2m}, {@code 1h}. */
    public Duration duration(String name, String fallback, String description) {
        return read(name, fallback, description, Settings::parseDuration);
    }

    public boolean flag(String name, boolean fallback, String description) {
        return read(name, Boolean.toString(fallback), description, text -> switch (text) {
            case "true", "1", "yes" -> true;
            case "false", "0", "no" -> false;
            default -> throw new IllegalArgumentException("must be true or false");
        });
    }

    /** Comma-separated words; blanks are dropped. */
    public List<String> list(String name, String fallback, String description) {
        return read(
                name,
                fallback,
                description,
                text -> List.of(text.split(",")).stream()
                        .map(String::strip)
                        .filter(word -> !word.isEmpty())
                        .toList());
    }

    public <T> T read(String name, String fallback, String description, Function<String, T> parser) {
        variables.put(name, new Variable(name, fallback, description));
        String text = environment.getOrDefault(name, "").strip();
        try {
            return parser.apply(text.isEmpty() ? fallback : text);
        } catch (IllegalArgumentException e) {
            problems.add(name + "=" + text + ": " + e.getMessage());
            return parser.apply(fallback);
        }
    }

    /** A value that no message may repeat; empty where it is not set. @param parser its complaints may not repeat it either */
    public <T> T secret(String name, String description, Function<String, T> parser) {
        variables.put(name, new Variable(name, "", description));
        try {
            return parser.apply(environment.getOrDefault(name, "").strip());
        } catch (IllegalArgumentException e) {
            problems.add(name + ": " + e.getMessage());
            return parser.apply("");
        }
    }

    /** Notes a problem of variables that do not fit together, unless the condition holds. */
    public void require(boolean holds, String otherwise) {
        if (!holds) {
            problems.add(otherwise);
        }
    }

    /** The variables read so far, in the order of reading. */
    public List<Variable> variables() {
        return List.copyOf(variables.values());
    }

    /** @throws InvalidSettings when a value was missing or wrong */
    public void check() {
        if (!problems.isEmpty()) {
            throw new InvalidSettings(problems);
        }
    }

    /** @throws IllegalArgumentException for what is no duration such as {@code 15s} */
    public static Duration parseDuration(String text) {
        int unit = 0;
        while (unit < text.length() && Character.isDigit(text.charAt(unit))) {
            unit++;
        }
        long amount;
        try {
            amount = Long.parseLong(text.substring(0, unit));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("must be a duration such as 500ms, 15s, 2m or 1h", e);
        }
        return switch (text.substring(unit)) {
            case "ms" -> Duration.ofMillis(amount);
            case "s" -> Duration.ofSeconds(amount);
            case "m" -> Duration.ofMinutes(amount);
            case "h" -> Duration.ofHours(amount);
            default -> throw new IllegalArgumentException("must be a duration such as 500ms, 15s, 2m or 1h");
        };
    }
}
