package dev.safelight.common.outbound;

import java.net.InetAddress;

/**
 * A block of IP addresses in CIDR notation, of version 4 or 6.
 *
 * @param network 4 or 16 bytes; those beyond the prefix are ignored
 * @param prefix leading bits that an address must share
 */
record AddressBlock(byte[] network, int prefix) {
    /** @throws IllegalArgumentException for what is neither an address nor a block of them */
    static AddressBlock parse(String text) {
        int slash = text.indexOf('/');
        String address = slash < 0 ? text : text.substring(0, slash);
        // Without this check a name would be looked up.
        if (!address.matches("[0-9.]+|[0-9a-fA-F:]*:[0-9a-fA-F:.]*")) {
            throw new IllegalArgumentException(text + " is neither an address nor a block such as 10.0.0.0/8");
        }
        try {
            byte[] network = bytes(InetAddress.ofLiteral(address), address.indexOf(':') >= 0);
            int bits = network.length * 8;
            int prefix = slash < 0 ? bits : Integer.parseInt(text.substring(slash + 1));
            if (prefix < 0 || prefix > bits) {
                throw new IllegalArgumentException(text + ": the prefix must be between 0 and " + bits);
            }
            return new AddressBlock(network, prefix);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(text + ": what follows the slash is no number", e);
        }
    }

    /** Whether the address is in the block; one of the other version never is. */
    boolean contains(byte[] address) {
        if (address.length != network.length) {
            return false;
        }
        int whole = prefix / 8;
        for (int i = 0; i < whole; i++) {
            if (address[i] != network[i]) {
                return false;
            }
        }
        int rest = prefix % 8;
        return rest == 0 || ((address[whole] ^ network[whole]) & 0xFF) >>> (8 - rest) == 0;
    }

    /** {@link InetAddress} makes version 4 of a mapped address; a block of those was meant as version 6. */
    private static byte[] bytes(InetAddress address, boolean six) {
        byte[] bytes = address.getAddress();
        if (!six || bytes.length == 16) {
            return bytes;
        }
        byte[] mapped = new byte[16];
        mapped[10] = (byte) 0xFF;
        mapped[11] = (byte) 0xFF;
        System.arraycopy(bytes, 0, mapped, 12, 4);
        return mapped;
    }
}
