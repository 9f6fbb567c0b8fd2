package dev.safelight.common.outbound;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/**
 * Where requests that strangers ask for may go, beyond the public internet.
 *
 * @param ports the allowed ports; empty allows every port
 * @param blocks addresses that are allowed although they are not public
 * @param names hosts that are allowed whatever they resolve to, in lower case
 * @param suffixes the same for all hosts below a domain, each with its leading dot
 */
public record OutboundSettings(
        Set<Integer> ports, List<AddressBlock> blocks, Set<String> names, List<String> suffixes) {
    /** Every port. */
    public static final String ANY_PORT = "any";

    /** @param text comma-separated ports, or {@link #ANY_PORT} */
    public static Set<Integer> ports(String text) {
        Set<Integer> ports = new TreeSet<>();
        if (text.strip().equals(ANY_PORT)) {
            return ports;
        }
        for (String word : text.split(",")) {
            int port = Integer.parseInt(word.strip());
            if (port < 1 || port > 65_535) {
                throw new IllegalArgumentException("a port is between 1 and 65535");
            }
            ports.add(port);
        }
        return ports;
    }

    /** @param allow addresses, blocks of them, host names, or domains written {@code *.example.org} */
    public static OutboundSettings of(Set<Integer> ports, List<String> allow) {
        List<AddressBlock> blocks = new ArrayList<>();
        Set<String> names = new TreeSet<>();
        List<String> suffixes = new ArrayList<>();
        for (String entry : allow) {
            String word = entry.toLowerCase(Locale.ROOT);
            if (word.startsWith("*.") && word.substring(2).matches("[a-z0-9.-]+")) {
                suffixes.add(word.substring(1));
            } else if (word.matches("[a-z0-9-]*[a-z][a-z0-9-]*(\\.[a-z0-9-]+)*")) {
                names.add(word);
            } else {
                blocks.add(AddressBlock.parse(word));
            }
        }
        return new OutboundSettings(Set.copyOf(ports), List.copyOf(blocks), Set.copyOf(names), List.copyOf(suffixes));
    }

    boolean allowsPort(int port) {
        return ports.isEmpty() || ports.contains(port);
    }

    boolean allowsAddress(byte[] address) {
        return blocks.stream().anyMatch(block -> block.contains(address));
    }

    boolean trustsName(String host) {
        return names.contains(host) || suffixes.stream().anyMatch(host::endsWith);
    }
}
