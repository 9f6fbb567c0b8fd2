package dev.safelight.common.outbound;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Which addresses are somebody's on the public internet. The blocks that are not come from IANA's registries of
 * special-purpose IPv4 and IPv6 addresses; of version 6 only what is handed out as global unicast (2000::/3) is public.
 */
final class PublicAddresses {
    private static final Map<AddressBlock, String> RESERVED = new LinkedHashMap<>();

    static {
        reserve("a loopback address", "127.0.0.0/8", "::1/128");
        reserve("an address that means this host", "0.0.0.0/8", "::/128");
        reserve("a link-local address, where clouds keep their metadata", "169.254.0.0/16", "fe80::/10");
        reserve("a private address", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10");
        reserve("an address shared behind a carrier's NAT", "100.64.0.0/10");
        reserve("an address of a cloud's platform", "168.63.129.16/32", "192.0.0.0/24");
        reserve("a multicast address", "224.0.0.0/4", "ff00::/8");
        reserve("a broadcast or reserved address", "240.0.0.0/4");
        reserve("a benchmarking address", "198.18.0.0/15", "2001:2::/48");
        reserve(
                "an address for documentation",
                "192.0.2.0/24",
                "198.51.100.0/24",
                "203.0.113.0/24",
                "2001:db8::/32",
                "3fff::/20");
        reserve("an address of a relay or an anycast service", "192.31.196.0/24", "192.52.193.0/24");
        reserve("an address of a relay or an anycast service", "192.88.99.0/24", "192.175.48.0/24");
        reserve("an address that is translated to IPv4 elsewhere", "2001::/32", "2002::/16", "64:ff9b:1::/48");
        reserve("an address reserved for protocols", "2001::/23", "100::/64", "5f00::/16");
    }

    private static final AddressBlock GLOBAL_UNICAST = AddressBlock.parse("2000::/3");
    /** RFC 6052: a gateway turns the last 32 bits into an address of version 4, so those decide. */
    private static final AddressBlock TRANSLATED = AddressBlock.parse("64:ff9b::/96");

    private static final AddressBlock MAPPED = AddressBlock.parse("::ffff:0:0/96");

    private PublicAddresses() {}

    private static void reserve(String what, String... blocks) {
        for (String block : blocks) {
            RESERVED.put(AddressBlock.parse(block), what);
        }
    }

    /** @return what the address is, if it is not public */
    static Optional<String> objection(InetAddress address) {
        return objection(address.getAddress());
    }

    private static Optional<String> objection(byte[] address) {
        if (MAPPED.contains(address) || TRANSLATED.contains(address)) {
            return objection(Arrays.copyOfRange(address, 12, 16));
        }
        for (Map.Entry<AddressBlock, String> reserved : RESERVED.entrySet()) {
            if (reserved.getKey().contains(address)) {
                return Optional.of(reserved.getValue());
            }
        }
        return address.length == 4 || GLOBAL_UNICAST.contains(address)
                ? Optional.empty()
                : Optional.of("an address outside the public IPv6 space");
    }
}
