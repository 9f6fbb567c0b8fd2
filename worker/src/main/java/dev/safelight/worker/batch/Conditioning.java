package dev.safelight.worker.batch;

/** What a row is conditioned on. Rows of one call have conditioning of one layout. */
public sealed interface Conditioning {

    /** A network without conditions. */
    record Unconditional() implements Conditioning {}

    /** The index of a class; the bundle's null index stands for no class. */
    record ClassIndex(int index) implements Conditioning {}

    /** @param values blocks of several factors one after the other; zeros stand for what is not said */
    record Factors(float[] values) implements Conditioning {}

    /** @param values what a text encoder made of a prompt */
    record Text(float[] values) implements Conditioning {}

    /** Names what a network is fed beside latent and time; rows whose layouts differ never share a call. */
    default String layout() {
        return switch (this) {
            case Unconditional _ -> "none";
            case ClassIndex _ -> "class";
            case Factors _ -> "factors";
            case Text _ -> "text";
        };
    }
}
