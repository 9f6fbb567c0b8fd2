package dev.safelight.api.query;

import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.Optional;
import java.util.UUID;

/** Where a page of the list ended. Clients pass it back and look no further into it. */
public final class Cursor {
    /** Lets a later version tell its cursors from these. */
    private static final byte VERSION = 1;

    private Cursor() {}

    public static String after(UUID last) {
        byte[] bytes = ByteBuffer.allocate(17)
                .put(VERSION)
                .putLong(last.getMostSignificantBits())
                .putLong(last.getLeastSignificantBits())
                .array();
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    /** Empty for a text that is no cursor. */
    public static Optional<UUID> read(String text) {
        try {
            ByteBuffer bytes = ByteBuffer.wrap(Base64.getUrlDecoder().decode(text));
            if (bytes.remaining() != 17 || bytes.get() != VERSION) {
                return Optional.empty();
            }
            return Optional.of(new UUID(bytes.getLong(), bytes.getLong()));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
