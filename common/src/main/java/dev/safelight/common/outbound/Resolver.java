package dev.safelight.common.outbound;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;

/** Asks the name service. */
@FunctionalInterface
public interface Resolver {
    /** Of the operating system; blocks a thread of the platform for as long as that takes. */
    Resolver SYSTEM = host -> List.of(InetAddress.getAllByName(host));

    /** @return all addresses of the name, or the address itself where the host is one; at least one */
    List<InetAddress> resolve(String host) throws UnknownHostException;
}
