package dev.safelight.api.auth;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.zip.CRC32;

/**
 * A key as its holder has it: {@code sl_}, an id of 10 characters that may be shown, {@code _}, a secret of 32 characters
 * (160 random bits), and 6 characters of CRC-32 over all before. The sum lets a typing error, and whoever scans code for
 * lost keys, be told without a database; it is no secret and proves nothing.
 */
public final class ApiKey {
    private static final String ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
    private static final int BITS = 5;
    private static final int ID = 10;
    private static final int SECRET = 32;
    private static final int SUM = 6;
    private static final String PREFIX = "sl_";
    private static final Pattern FORM =
            Pattern.compile(PREFIX + "[" + ALPHABET + "]{" + ID + "}_[" + ALPHABET + "]{" + (SECRET + SUM) + "}");
    private static final SecureRandom RANDOM = new SecureRandom();

    private final String text;

    private ApiKey(String text) {
        this.text = text;
    }

    /** A new key. */
    public static ApiKey draw() {
        String body = PREFIX + random(ID) + "_" + random(SECRET);
        return new ApiKey(body + sum(body));
    }

    /** Empty for a text that is no key, or one with a typing error. */
    public static Optional<ApiKey> parse(String text) {
        if (!FORM.matcher(text).matches()) {
            return Optional.empty();
        }
        int end = text.length() - SUM;
        return text.substring(end).equals(sum(text.substring(0, end)))
                ? Optional.of(new ApiKey(text))
                : Optional.empty();
    }

    /** The part that may be shown, listed and logged. */
    public String id() {
        return text.substring(PREFIX.length(), PREFIX.length() + ID);
    }

    /** All of it: for its holder, once. */
    public String reveal() {
        return text;
    }

    /** What is stored. So much randomness needs neither salt nor a slow digest. */
    byte[] sha256() {
        return sha256(text);
    }

    static byte[] sha256(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** Without the secret. */
    @Override
    public String toString() {
        return PREFIX + id() + "_…";
    }

    private static String random(int length) {
        StringBuilder word = new StringBuilder(length);
        for (int i = 0; i < length; i++) {
            word.append(ALPHABET.charAt(RANDOM.nextInt(ALPHABET.length())));
        }
        return word.toString();
    }

    static String sum(String body) {
        CRC32 crc = new CRC32();
        crc.update(body.getBytes(StandardCharsets.US_ASCII));
        StringBuilder word = new StringBuilder(SUM);
        for (long rest = crc.getValue(); word.length() < SUM; rest >>>= BITS) {
            word.append(ALPHABET.charAt((int) (rest & (ALPHABET.length() - 1))));
        }
        return word.toString();
    }
}
