package dev.safelight.common.store;

import java.util.regex.Pattern;

/**
 * What a key may look like: segments of letters, digits, dots, dashes and underscores between slashes. No segment begins
 * with a dot, so that no key climbs out of a folder or meets the names that a file store keeps for itself.
 */
final class ObjectKeys {
    private static final String SEGMENT = "[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}";
    private static final Pattern KEY = Pattern.compile(SEGMENT + "(/" + SEGMENT + ")*");
    private static final Pattern PREFIX = Pattern.compile("(" + SEGMENT + "/)*(" + SEGMENT + ")?");
    private static final int LONGEST = 1024;

    private ObjectKeys() {}

    /** @throws IllegalArgumentException when it is no key */
    static String checked(String key) {
        return checked(key, KEY, "key");
    }

    /** @throws IllegalArgumentException when no key could begin so */
    static String checkedPrefix(String prefix) {
        return checked(prefix, PREFIX, "prefix");
    }

    private static String checked(String text, Pattern pattern, String what) {
        if (text.length() > LONGEST || !pattern.matcher(text).matches()) {
            throw new IllegalArgumentException("not a " + what + " of an object store: " + text);
        }
        return text;
    }
}
