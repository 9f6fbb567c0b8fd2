package dev.safelight.common.sign;

import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;

/** What a receiver and we share: 24 to 64 random bytes, written {@code whsec_} and standard base64 (Standard Webhooks). */
public final class SigningSecret {
    private static final String PREFIX = "whsec_";
    private static final int SHORTEST = 24;
    private static final int LONGEST = 64;
    private static final int OURS = 32;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final byte[] key;

    private SigningSecret(byte[] key) {
        this.key = key;
    }

    public static SigningSecret generate() {
        byte[] key = new byte[OURS];
        RANDOM.nextBytes(key);
        return new SigningSecret(key);
    }

    /** Empty for a text that is no such secret. */
    public static Optional<SigningSecret> parse(String text) {
        if (!text.startsWith(PREFIX)) {
            return Optional.empty();
        }
        String encoded = text.substring(PREFIX.length());
        try {
            byte[] key = Base64.getDecoder().decode(encoded);
            // Only the one way of writing it that every receiver's library reads.
            boolean canonical = Base64.getEncoder().encodeToString(key).equals(encoded);
            return canonical && key.length >= SHORTEST && key.length <= LONGEST
                    ? Optional.of(new SigningSecret(key))
                    : Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    byte[] key() {
        return key;
    }

    /** The secret itself, for its owner and nobody else. */
    public String reveal() {
        return PREFIX + Base64.getEncoder().encodeToString(key);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SigningSecret secret && Arrays.equals(key, secret.key);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(key);
    }

    /** Says nothing: it may end up in a log. */
    @Override
    public String toString() {
        return PREFIX + "…";
    }
}
