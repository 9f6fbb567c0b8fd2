package dev.safelight.api.http;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;

/** ETags (RFC 9110 §8.8.3). */
public final class EntityTag {
    private static final String WEAK = "W/";

    private EntityTag() {}

    /** A strong tag of a representation. */
    public static String of(byte[] representation) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(representation);
            return quoted(HexFormat.of().formatHex(digest, 0, 16));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    public static String quoted(String opaque) {
        return '"' + opaque + '"';
    }

    /** Whether an If-None-Match names the tag; the comparison is the weak one, which tells no weak tag from a strong. */
    public static boolean matches(Optional<String> ifNoneMatch, String tag) {
        if (ifNoneMatch.isEmpty()) {
            return false;
        }
        for (String candidate : ifNoneMatch.get().split(",")) {
            String bare = candidate.strip();
            if (bare.equals("*") || opaque(bare).equals(opaque(tag))) {
                return true;
            }
        }
        return false;
    }

    private static String opaque(String tag) {
        return tag.startsWith(WEAK) ? tag.substring(WEAK.length()) : tag;
    }

    /** A JSON reply with its tag, or 304 where the client has it already. */
    public static Reply conditional(Request request, Reply reply) {
        return reply.body() instanceof Reply.Bytes(byte[] bytes) ? tagged(request, reply, of(bytes)) : reply;
    }

    /**
     * The same for a reply some of whose words change with the time of day alone: its tag, a weak one, is that of the
     * essence.
     */
    public static Reply conditional(Request request, Reply reply, Object essence) {
        return tagged(request, reply, WEAK + of(Reply.jsonBytes(essence)));
    }

    private static Reply tagged(Request request, Reply reply, String tag) {
        Reply tagged = matches(request.text("If-None-Match"), tag) ? Reply.empty(304) : reply;
        return tagged.with("ETag", tag).with("Cache-Control", "private, no-cache");
    }
}
