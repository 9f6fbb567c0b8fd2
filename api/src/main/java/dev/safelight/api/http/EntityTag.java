package dev.safelight.api.http;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;

/** ETags (RFC 9110 §8.8.3). */
public final class EntityTag {
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

    /** Whether an If-None-Match names the tag; the comparison is the weak one. */
    public static boolean matches(Optional<String> ifNoneMatch, String tag) {
        if (ifNoneMatch.isEmpty()) {
            return false;
        }
        for (String candidate : ifNoneMatch.get().split(",")) {
            String bare = candidate.strip();
            if (bare.equals("*") || bare.equals(tag) || bare.equals("W/" + tag)) {
                return true;
            }
        }
        return false;
    }

    /** A JSON reply with its tag, or 304 where the client has it already. */
    public static Reply conditional(Request request, Reply reply) {
        if (!(reply.body() instanceof Reply.Bytes representation)) {
            return reply;
        }
        String tag = of(representation.bytes());
        Reply tagged = matches(request.text("If-None-Match"), tag) ? Reply.empty(304) : reply;
        return tagged.with("ETag", tag).with("Cache-Control", "private, no-cache");
    }
}
