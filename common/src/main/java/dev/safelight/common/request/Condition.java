package dev.safelight.common.request;

import java.util.List;

/** What a network is to draw, as a request says it. */
public sealed interface Condition {

    /** Whatever it knows. */
    record Anything() implements Condition {}

    /** A class, by its name in the manifest. */
    record Label(String name) implements Condition {}

    /** @param blocks of all factors, one after the other, as the network takes them */
    record Factors(List<Double> blocks) implements Condition {}
}
