package dev.safelight.api.page;

import dev.safelight.api.http.EntityTag;
import dev.safelight.api.http.Handler;
import dev.safelight.api.http.Reply;
import dev.safelight.api.http.Request;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/** {@code GET /}: one page, without anything from elsewhere, on which a picture can be seen to develop. */
public final class Page implements Handler {
    private static final String SCRIPT = "<script>";

    private final byte[] bytes;
    private final String policy;

    private Page(byte[] bytes, String policy) {
        this.bytes = bytes;
        this.policy = policy;
    }

    public static Page load() {
        try (InputStream in = Page.class.getResourceAsStream("page.html")) {
            String html = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            String script = html.substring(html.indexOf(SCRIPT) + SCRIPT.length(), html.indexOf("</script>"));
            return new Page(html.getBytes(StandardCharsets.UTF_8), policy(script));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** This script and no other runs. Pictures may come from an object store that the API redirects to. */
    private static String policy(String script) {
        return "default-src 'none'; script-src 'sha256-" + sha256(script) + "'; style-src 'unsafe-inline';"
                + " img-src 'self' data: blob: http: https:; connect-src 'self' http: https:;"
                + " base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    }

    private static String sha256(String text) {
        try {
            return Base64.getEncoder()
                    .encodeToString(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    @Override
    public Reply handle(Request request) {
        return EntityTag.conditional(request, Reply.bytes(200, "text/html; charset=utf-8", bytes))
                .with("Content-Security-Policy", policy)
                .with("X-Content-Type-Options", "nosniff")
                .with("Referrer-Policy", "no-referrer");
    }
}
