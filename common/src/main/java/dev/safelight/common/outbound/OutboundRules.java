package dev.safelight.common.outbound;

import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Decides where a request may go that a stranger asked for: a webhook, an image to fetch. Otherwise they could reach
 * through us what only we can reach. A URL is examined when it comes in; before each request its host is resolved once,
 * all of its addresses are judged, and the caller connects to the judged address and to no other, without following
 * redirects: so a name that changes its mind in between gains nothing.
 */
public final class OutboundRules {
    private static final int LONGEST = 2_048;

    private final OutboundSettings settings;
    private final Resolver resolver;

    public OutboundRules(OutboundSettings settings, Resolver resolver) {
        this.settings = settings;
        this.resolver = resolver;
    }

    /** What became of a URL. */
    public sealed interface Verdict {}

    /**
     * Nothing is wrong with it as far as can be told without asking the name service.
     *
     * @param host in lower case; an address of version 6 without its brackets
     * @param port spelled out
     */
    public record Plausible(URI url, boolean tls, String host, int port) implements Verdict {
        /** {@code host:port}: whose door it is. */
        public String door() {
            return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
        }

        /** What a request asks for there: path and query. */
        public String target() {
            String path = url.getRawPath() == null || url.getRawPath().isEmpty() ? "/" : url.getRawPath();
            return url.getRawQuery() == null ? path : path + "?" + url.getRawQuery();
        }
    }

    /**
     * May not or cannot be used.
     *
     * @param code stable word
     * @param reason a sentence's end that begins in lower case, without anything secret
     */
    public record Refused(String code, String reason) implements Verdict {}

    /** Where to connect to, now. */
    public sealed interface Resolution {}

    /** @param address the one to connect to */
    public record Resolved(InetAddress address) implements Resolution {}

    /** @param code {@code unknown_host} or {@code address_refused} */
    public record Unreachable(String code, String reason) implements Resolution {}

    /** Looks at a URL without asking anybody. */
    public Verdict examine(String text) {
        if (text.length() > LONGEST) {
            return new Refused("too_long", "must have at most " + LONGEST + " characters");
        }
        URI url;
        try {
            url = new URI(text).parseServerAuthority();
        } catch (URISyntaxException e) {
            return new Refused(
                    "wrong_format",
                    "is no URL: its host must be a plain name or address, and spaces and the like encoded");
        }
        String scheme = url.getScheme() == null ? "" : url.getScheme().toLowerCase(Locale.ROOT);
        if (!scheme.equals("http") && !scheme.equals("https")) {
            return new Refused("wrong_scheme", "must begin with http:// or https://");
        }
        // A URI may have a user and no host, or two @: the raw authority shows any.
        if (url.getRawUserInfo() != null
                || url.getRawAuthority() != null && url.getRawAuthority().indexOf('@') >= 0) {
            return new Refused("userinfo", "must not carry a user or a password");
        }
        if (url.getHost() == null || url.getHost().isEmpty()) {
            return new Refused("wrong_format", "must name a host");
        }
        if (url.getRawFragment() != null) {
            return new Refused("wrong_format", "must have no fragment");
        }
        OptionalInt port = port(url, scheme);
        if (port.isEmpty() || !settings.allowsPort(port.getAsInt())) {
            return new Refused("port_refused", "must go to one of the ports " + sorted());
        }
        return examineHost(url, scheme.equals("https"), port.getAsInt());
    }

    private Verdict examineHost(URI url, boolean tls, int port) {
        String host = url.getHost().toLowerCase(Locale.ROOT);
        if (host.indexOf('%') >= 0) {
            return new Refused("wrong_format", "must name an address without a zone");
        }
        if (host.startsWith("[")) {
            host = host.substring(1, host.length() - 1);
        }
        Plausible plausible = new Plausible(url, tls, host, port);
        if (isAddress(host)) {
            return examineAddress(plausible);
        }
        String bare = host.endsWith(".") ? host.substring(0, host.length() - 1) : host;
        boolean local = bare.equals("localhost") || bare.endsWith(".localhost");
        if (local && !settings.trustsName(host) && !settings.allowsAddress(new byte[] {127, 0, 0, 1})) {
            return new Refused("address_refused", "names this host");
        }
        return plausible;
    }

    private Verdict examineAddress(Plausible url) {
        InetAddress address;
        try {
            address = InetAddress.ofLiteral(url.host());
        } catch (IllegalArgumentException e) {
            // Octal numbers, for example, which others read differently than we do.
            return new Refused("wrong_format", "must write an address as four decimal numbers, or as IPv6 in brackets");
        }
        return objection(address)
                .<Verdict>map(what -> new Refused("address_refused", "names " + what))
                .orElse(url);
    }

    /** Whether whoever runs this named the host among those that may be reached whatever they resolve to. */
    public boolean trusts(Plausible url) {
        return settings.trustsName(url.host());
    }

    /** Resolves the host and judges all that comes back; blocks for as long as the name service takes. */
    public Resolution resolve(Plausible url) {
        List<InetAddress> addresses;
        try {
            addresses = resolver.resolve(url.host());
        } catch (UnknownHostException e) {
            return new Unreachable("unknown_host", "the name " + url.host() + " does not resolve");
        }
        if (!settings.trustsName(url.host())) {
            for (InetAddress address : addresses) {
                Optional<String> objection = objection(address);
                if (objection.isPresent()) {
                    return new Unreachable("address_refused", "the host resolves to " + objection.get());
                }
            }
        }
        return addresses.stream()
                .findFirst()
                // Without its name, so that nobody can be tempted to resolve it again.
                .<Resolution>map(address -> new Resolved(nameless(address)))
                .orElseGet(() -> new Unreachable("unknown_host", "the name " + url.host() + " has no address"));
    }

    private static InetAddress nameless(InetAddress address) {
        try {
            return InetAddress.getByAddress(address.getAddress());
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address has 4 or 16 bytes", e);
        }
    }

    private Optional<String> objection(InetAddress address) {
        return settings.allowsAddress(address.getAddress()) ? Optional.empty() : PublicAddresses.objection(address);
    }

    /** What {@link URI} lets through as a host and is not a name: dotted decimal, or version 6, which it had in brackets. */
    private static boolean isAddress(String host) {
        return host.indexOf(':') >= 0 || host.matches("[0-9.]+");
    }

    private static OptionalInt port(URI url, String scheme) {
        if (url.getPort() == -1) {
            // "http://host:/" has an empty port, which means the default one.
            return OptionalInt.of(scheme.equals("https") ? 443 : 80);
        }
        return url.getPort() >= 1 && url.getPort() <= 65_535 ? OptionalInt.of(url.getPort()) : OptionalInt.empty();
    }

    private String sorted() {
        return settings.ports().isEmpty()
                ? "1 to 65535"
                : String.join(
                        ", ",
                        settings.ports().stream().sorted().map(String::valueOf).toList());
    }
}
