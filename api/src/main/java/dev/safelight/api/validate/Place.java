package dev.safelight.api.validate;

import java.nio.charset.StandardCharsets;

/** A place in a JSON document, kept as a chain so that a pointer is only spelled out when there is something to say about it. */
record Place(Place parent, String name) {
    static final Place ROOT = new Place(null, "");

    Place child(String child) {
        return new Place(this, child);
    }

    /** The pointer as a URI fragment (RFC 6901 §6): {@code #/input/steps}. */
    String pointer() {
        StringBuilder pointer = new StringBuilder("#");
        append(pointer);
        return pointer.toString();
    }

    private void append(StringBuilder pointer) {
        if (parent == null) {
            return;
        }
        parent.append(pointer);
        pointer.append('/');
        for (byte octet : name.replace("~", "~0").replace("/", "~1").getBytes(StandardCharsets.UTF_8)) {
            char character = (char) (octet & 0xFF);
            if (character < 0x80
                    && (Character.isLetterOrDigit(character) || "-._~!$&'()*+,;=:@".indexOf(character) >= 0)) {
                pointer.append(character);
            } else {
                pointer.append('%').append(String.format("%02X", octet & 0xFF));
            }
        }
    }
}
