package dev.safelight.api.auth;

import dev.safelight.common.config.Settings;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Who may call.
 *
 * @param keys whether a request needs a key; without, everybody is the default tenant and may do everything
 * @param adminKey a key that lies in the configuration instead of the database, of the default tenant with every scope
 */
public record AuthSettings(boolean keys, Optional<String> adminKey) {
    private static final int SHORTEST_ADMIN_KEY = 32;

    /** @param host the address that the API binds: only one that nobody else reaches may do without keys */
    public static AuthSettings read(Settings settings, String host) {
        boolean keys = settings.read(
                "SAFELIGHT_AUTH",
                "",
                "keys, or none where the API binds a loopback address; empty is none there and keys elsewhere",
                text -> keys(text, host));
        Optional<String> adminKey = settings.secret(
                "SAFELIGHT_ADMIN_KEY",
                "a key with every scope beside those in the database, 32 characters or more; empty for none",
                AuthSettings::adminKey);
        return new AuthSettings(keys, adminKey);
    }

    private static boolean keys(String text, String host) {
        return switch (text) {
            case "" -> !loopback(host);
            case "keys" -> true;
            case "none" -> {
                if (!loopback(host)) {
                    throw new IllegalArgumentException("without keys the API binds only a loopback address, and "
                            + "SAFELIGHT_HTTP_HOST is " + host);
                }
                yield false;
            }
            default -> throw new IllegalArgumentException("must be keys or none");
        };
    }

    private static Optional<String> adminKey(String text) {
        if (text.isEmpty()) {
            return Optional.empty();
        }
        if (text.length() < SHORTEST_ADMIN_KEY
                || !text.chars().allMatch(character -> character > ' ' && character < 127)) {
            throw new IllegalArgumentException(
                    "must have at least " + SHORTEST_ADMIN_KEY + " visible ASCII characters");
        }
        return Optional.of(text);
    }

    /** Whether nobody but this machine reaches the address, whichever of a name's addresses is taken. */
    private static boolean loopback(String host) {
        try {
            return Stream.of(InetAddress.getAllByName(host)).allMatch(InetAddress::isLoopbackAddress);
        } catch (UnknownHostException e) {
            return false;
        }
    }

    /** Without the key: configuration is logged. */
    @Override
    public String toString() {
        return "AuthSettings[keys=" + keys + ", adminKey=" + (adminKey.isPresent() ? "set" : "none") + "]";
    }
}
