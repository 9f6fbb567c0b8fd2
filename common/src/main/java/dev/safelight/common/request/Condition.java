package dev.safelight.common.request;

import java.util.List;

/** What a network is to draw, as a request says it. */
public sealed interface Condition {

    /** Whatever it knows. */
    record Anything() implements Condition {}

    /** A class, by its name in the manifest. */
    record Label(String name) implements Condition {}

    /**
     * What a text says.
     *
     * @param skip how many of the text encoder's last layers are left out
     * @param weighted whether {@code (word:1.2)} weighs, or is text like any other
     */
    record Prompt(String text, int skip, boolean weighted) implements Condition {}

    /** @param blocks of all factors, one after the other, as the network takes them */
    record Factors(List<Double> blocks) implements Condition {}
}
