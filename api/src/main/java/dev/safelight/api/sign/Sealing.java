package dev.safelight.api.sign;

import dev.safelight.common.sign.SigningSecret;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * How secrets lie in the database: encrypted (AES-256-GCM, bound to the tenant) where the operator gave a key, else as
 * they are. The first key encrypts, all of them decrypt, so keys can be rotated. A sealed text says which key it needs.
 */
public final class Sealing {
    private static final String PLAIN = "plain:";
    private static final String ENCRYPTED = "aes:";
    private static final int KEY_BYTES = 32;
    private static final int NONCE_BYTES = 12;
    private static final int TAG_BITS = 128;
    private static final SecureRandom RANDOM = new SecureRandom();

    private record Key(String id, SecretKey key) {}

    private final List<Key> keys;

    private Sealing(List<Key> keys) {
        this.keys = List.copyOf(keys);
    }

    /**
     * @param text comma-separated keys of 32 bytes in base64, the newest first; empty for none
     * @throws IllegalArgumentException when a key is no such key
     */
    public static Sealing of(String text) {
        List<Key> keys = new ArrayList<>();
        for (String word : text.split(",")) {
            if (word.isBlank()) {
                continue;
            }
            byte[] key;
            try {
                key = Base64.getDecoder().decode(word.strip());
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("a key is 32 bytes in base64; one of them is no base64", e);
            }
            if (key.length != KEY_BYTES) {
                throw new IllegalArgumentException("a key is 32 bytes in base64; one of them has " + key.length);
            }
            keys.add(new Key(HexFormat.of().formatHex(digest(key), 0, 4), new SecretKeySpec(key, "AES")));
        }
        return new Sealing(keys);
    }

    public String seal(String tenantId, SigningSecret secret) {
        if (keys.isEmpty()) {
            return PLAIN + secret.reveal();
        }
        byte[] nonce = new byte[NONCE_BYTES];
        RANDOM.nextBytes(nonce);
        try {
            byte[] encrypted = cipher(Cipher.ENCRYPT_MODE, keys.getFirst(), nonce, tenantId)
                    .doFinal(secret.reveal().getBytes(StandardCharsets.US_ASCII));
            byte[] all = ByteBuffer.allocate(nonce.length + encrypted.length)
                    .put(nonce)
                    .put(encrypted)
                    .array();
            return ENCRYPTED + keys.getFirst().id() + ":" + Base64.getEncoder().encodeToString(all);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has AES-GCM", e);
        }
    }

    /** Empty where the key is not one of ours. @throws IllegalStateException when somebody changed the text */
    public Optional<SigningSecret> open(String tenantId, String sealed) {
        if (sealed.startsWith(PLAIN)) {
            return SigningSecret.parse(sealed.substring(PLAIN.length()));
        }
        String[] parts = sealed.split(":");
        Optional<Key> key = keys.stream()
                .filter(candidate -> candidate.id().equals(parts[1]))
                .findFirst();
        if (key.isEmpty()) {
            return Optional.empty();
        }
        byte[] all = Base64.getDecoder().decode(parts[2]);
        byte[] nonce = new byte[NONCE_BYTES];
        System.arraycopy(all, 0, nonce, 0, NONCE_BYTES);
        try {
            byte[] text = cipher(Cipher.DECRYPT_MODE, key.get(), nonce, tenantId)
                    .doFinal(all, NONCE_BYTES, all.length - NONCE_BYTES);
            return SigningSecret.parse(new String(text, StandardCharsets.US_ASCII));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("a sealed secret was changed, or belongs to another tenant", e);
        }
    }

    private static Cipher cipher(int mode, Key key, byte[] nonce, String tenantId) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, key.key(), new GCMParameterSpec(TAG_BITS, nonce));
        cipher.updateAAD(tenantId.getBytes(StandardCharsets.UTF_8));
        return cipher;
    }

    private static byte[] digest(byte[] key) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(key);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
