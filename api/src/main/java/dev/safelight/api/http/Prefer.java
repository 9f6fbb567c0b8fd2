package dev.safelight.api.http;

import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The preference {@code wait=n} of RFC 7240: reply when the job has ended, at the latest after so long. */
public final class Prefer {
    private static final Pattern WAIT =
            Pattern.compile("(?:^|[,;])\\s*wait\\s*=\\s*\"?(\\d{1,9})\"?\\s*(?:$|[,;])", Pattern.CASE_INSENSITIVE);
    private static final int LONGEST = 60;

    private Prefer() {}

    /** Empty where the client does not ask for it, or asks for nonsense: preferences are never errors. */
    public static Optional<Duration> waiting(Request request) {
        return request.text("Prefer").flatMap(Prefer::parse);
    }

    static Optional<Duration> parse(String header) {
        Matcher matcher = WAIT.matcher(header);
        if (!matcher.find()) {
            return Optional.empty();
        }
        int seconds = Math.min(Integer.parseInt(matcher.group(1)), LONGEST);
        return seconds == 0 ? Optional.empty() : Optional.of(Duration.ofSeconds(seconds));
    }

    /** Says that the server did as asked. */
    public static Reply applied(Reply reply, Optional<Duration> wait) {
        return wait.isEmpty()
                ? reply
                : reply.with("Preference-Applied", "wait=" + wait.get().toSeconds());
    }
}
