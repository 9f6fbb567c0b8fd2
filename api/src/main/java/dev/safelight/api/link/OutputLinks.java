package dev.safelight.api.link;

import dev.safelight.common.job.JobKey;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * URLs that say by themselves who may GET an output, and until when: {@code ?expires=…&signature=tenant.mac}, where mac
 * is HMAC-SHA256 over tenant, job, index and expiry. They are for whom no key can be given: an {@code <img>}, a browser.
 */
public final class OutputLinks {
    private static final String ALGORITHM = "HmacSHA256";
    private static final Pattern SIGNATURE = Pattern.compile("([a-z0-9][a-z0-9_-]{0,62})\\.([A-Za-z0-9_-]{43})");

    private final UrlSecrets secrets;
    private final Duration validity;
    private final Clock clock;

    /** @param validity the least time for which a URL is good; at least 2 s */
    public OutputLinks(UrlSecrets secrets, Duration validity, Clock clock) {
        this.secrets = secrets;
        this.validity = validity;
        this.clock = clock;
    }

    public sealed interface Verdict {}

    /** Good: whoever has it acts for this tenant, for this one output. */
    public record Good(String tenantId) implements Verdict {}

    public record Expired(Instant at) implements Verdict {}

    /** Not signed by us, or for something else. */
    public record Forged() implements Verdict {}

    /**
     * The query of an output's URL.
     *
     * @param end when the output itself expires, or null
     */
    public String query(JobKey job, int ordinal, Instant end) {
        long expires = expires(end);
        String mac = encoded(mac(secrets.known().getFirst(), text(job.tenantId(), job.jobId(), ordinal, expires)));
        return "?expires=" + expires + "&signature=" + job.tenantId() + "." + mac;
    }

    /**
     * The same moment for a while: a client that polls a job sees the same URL, and its cache the same image.
     *
     * @return seconds since 1970
     */
    private long expires(Instant end) {
        long half = validity.toSeconds() / 2;
        long until = (clock.instant().getEpochSecond() / half + 3) * half;
        return end == null ? until : Math.min(until, end.getEpochSecond());
    }

    /**
     * @param expires seconds since 1970, as in the URL
     * @throws org.jdbi.v3.core.JdbiException when Postgres is out of reach and the secrets are not known yet
     */
    public Verdict verify(UUID jobId, int ordinal, long expires, String signature) {
        Matcher parts = SIGNATURE.matcher(signature);
        if (!parts.matches()) {
            return new Forged();
        }
        String tenantId = parts.group(1);
        byte[] text = text(tenantId, jobId, ordinal, expires);
        byte[] sent = parts.group(2).getBytes(StandardCharsets.US_ASCII);
        if (!signed(secrets.known(), text, sent) && !signed(secrets.newest(), text, sent)) {
            return new Forged();
        }
        Instant end = Instant.ofEpochSecond(expires);
        // Only now: what is not ours gets no other answer for its time.
        return clock.instant().isBefore(end) ? new Good(tenantId) : new Expired(end);
    }

    private static boolean signed(List<byte[]> secrets, byte[] text, byte[] sent) {
        return secrets.stream()
                .anyMatch(secret ->
                        MessageDigest.isEqual(encoded(mac(secret, text)).getBytes(StandardCharsets.US_ASCII), sent));
    }

    /** No part can contain the line break that parts them. */
    private static byte[] text(String tenantId, UUID jobId, int ordinal, long expires) {
        return ("output\n" + tenantId + "\n" + jobId + "\n" + ordinal + "\n" + expires)
                .getBytes(StandardCharsets.UTF_8);
    }

    private static String encoded(byte[] mac) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(mac);
    }

    private static byte[] mac(byte[] secret, byte[] text) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(secret, ALGORITHM));
            return mac.doFinal(text);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has HMAC-SHA256", e);
        }
    }
}
