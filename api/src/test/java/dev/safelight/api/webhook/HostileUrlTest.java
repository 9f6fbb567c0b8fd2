package dev.safelight.api.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.outbound.OutboundRules;
import dev.safelight.common.outbound.OutboundSettings;
import dev.safelight.common.outbound.Resolver;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * URLs by which somebody tries to reach what only this host can reach. The name service is against us: every name is the
 * loopback address, and numbers are read in all the ways that a C library reads them. A canary listens on all local
 * addresses and must see nobody.
 */
class HostileUrlTest {
    private static final Vertx VERTX = Vertx.vertx();
    private static final String CANARY = "PORT";
    /** Refused before anything was connected to; a name that is merely unknown would show nothing. */
    private static final Set<String> REFUSALS =
            Set.of("wrong_format", "wrong_scheme", "userinfo", "port_refused", "address_refused", "too_long");

    private static final String THIS_HOST = """
            http://127.0.0.1:PORT/
            http://127.0.0.1:PORT
            https://127.0.0.1:PORT/
            HTTP://127.0.0.1:PORT/
            http://127.0.0.2:PORT/
            http://127.1.2.3:PORT/
            http://127.255.255.254:PORT/
            http://0.0.0.0:PORT/
            http://0.0.0.1:PORT/
            http://0.255.255.255:PORT/
            http://localhost:PORT/
            http://LocalHost:PORT/
            http://localhost.:PORT/
            http://a.localhost:PORT/
            http://localhost.localdomain:PORT/
            http://ip6-localhost:PORT/
            http://localtest.me:PORT/
            http://127.0.0.1.nip.io:PORT/
            http://7f000001.nip.io:PORT/
            http://www.example.com:PORT/
            https://www.example.com:PORT/
            http://2130706433:PORT/
            http://0x7f000001:PORT/
            http://0x7F.0x0.0x0.0x1:PORT/
            http://0x7f.1:PORT/
            http://017700000001:PORT/
            http://0177.0.0.1:PORT/
            http://0177.0.0.01:PORT/
            http://00000177.0.0.1:PORT/
            http://127.000.000.001:PORT/
            http://127.0.0.01:PORT/
            http://127.1:PORT/
            http://127.0.1:PORT/
            http://127:PORT/
            http://0:PORT/
            http://00:PORT/
            http://0.0:PORT/
            http://4294967296:PORT/
            http://6425673729:PORT/
            http://127.0.0.257:PORT/
            http://383.0.0.1:PORT/
            http://127.0.0.1.:PORT/
            http://127..0.0.1:PORT/
            http://.127.0.0.1:PORT/
            http://127.0.0.1%20:PORT/
            http://%31%32%37.0.0.1:PORT/
            http://127%2e0%2e0%2e1:PORT/
            http://127.0.0.1%00.example.com:PORT/
            http://127.0.0.1%0d%0a:PORT/
            http://127。0。0。1:PORT/
            http://127．0．0．1:PORT/
            http://①②⑦.⓪.⓪.①:PORT/
            http://١٢٧.٠.٠.١:PORT/
            http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:PORT/
            http://localhost\u3002:PORT/
            http://[::1]:PORT/
            https://[::1]:PORT/
            http://[0:0:0:0:0:0:0:1]:PORT/
            http://[0000:0000:0000:0000:0000:0000:0000:0001]:PORT/
            http://[::0.0.0.1]:PORT/
            http://[::]:PORT/
            http://[0:0:0:0:0:0:0:0]:PORT/
            http://[::1%25lo]:PORT/
            http://[::1%lo]:PORT/
            http://[::ffff:127.0.0.1]:PORT/
            http://[::ffff:7f00:1]:PORT/
            http://[::FFFF:7F00:0001]:PORT/
            http://[0:0:0:0:0:ffff:127.0.0.1]:PORT/
            http://[::ffff:0.0.0.0]:PORT/
            http://[::127.0.0.1]:PORT/
            http://[::7f00:1]:PORT/
            http://[::ffff:0:127.0.0.1]:PORT/
            http://[64:ff9b::127.0.0.1]:PORT/
            http://[64:ff9b::7f00:1]:PORT/
            http://[64:ff9b:1::127.0.0.1]:PORT/
            http://[2002:7f00:1::]:PORT/
            http://[2002:7f00:0001:0000:0000:0000:0000:0001]:PORT/
            http://[2001:0:7f00:1::80ff:fffe]:PORT/
            http://[127.0.0.1]:PORT/
            http://[localhost]:PORT/
            http://[::1]]:PORT/
            http://[[::1]]:PORT/
            http://::1:PORT/
            """;

    private static final String DISGUISES = """
            http://user@127.0.0.1:PORT/
            http://user:password@127.0.0.1:PORT/
            http://@127.0.0.1:PORT/
            http://:@127.0.0.1:PORT/
            http://user@www.example.com:PORT/
            http://127.0.0.1:PORT@www.example.com/
            http://www.example.com@127.0.0.1:PORT/
            http://www.example.com:80@127.0.0.1:PORT/
            http://www.example.com%40127.0.0.1:PORT/
            http://a@b@127.0.0.1:PORT/
            http://www.example.com:80:PORT/
            http://127.0.0.1:PORT:80/
            http://www.example.com\\\\@127.0.0.1:PORT/
            http://127.0.0.1:PORT\\\\@www.example.com/
            http:\\\\\\\\127.0.0.1:PORT/
            http://www.example.com#@127.0.0.1:PORT/
            http://127.0.0.1:PORT#@www.example.com/
            http://127.0.0.1:PORT?@www.example.com/
            http://127.0.0.1:PORT/?x=http://www.example.com/
            http://127.0.0.1:PORT/;@www.example.com
            http://127.0.0.1,www.example.com:PORT/
            http://127.0.0.1 www.example.com:PORT/
            http://127.0.0.1\\t:PORT/
            http:// 127.0.0.1:PORT/
            http://127.0.0.1:PORT /
            http:///127.0.0.1:PORT/
            http:////127.0.0.1:PORT/
            http:/127.0.0.1:PORT/
            http:127.0.0.1:PORT/
            //127.0.0.1:PORT/
            /127.0.0.1:PORT/
            127.0.0.1:PORT
            localhost:PORT
            http://
            http:
            http://:PORT/
            http://?x
            http://#
            https://
            http://127.0.0.1:+PORT/
            http://127.0.0.1:PORT0000/
            http://127.0.0.1:-1/
            http://127.0.0.1:0/
            http://127.0.0.1:65536/
            http://127.0.0.1:4294967376/
            http://127.0.0.1:0x50/
            http://127.0.0.1:http/
            http://under_score.example.com:PORT/
            http://-example.com:PORT/
            http://exa%6dple.com:PORT/
            http://[v1.fe80::1]:PORT/
            """;

    private static final String SCHEMES = """
            file:///etc/passwd
            file://127.0.0.1/etc/passwd
            ftp://127.0.0.1:PORT/
            gopher://127.0.0.1:PORT/_x
            dict://127.0.0.1:PORT/
            ldap://127.0.0.1:PORT/
            tftp://127.0.0.1:PORT/
            ssh://127.0.0.1:PORT/
            telnet://127.0.0.1:PORT/
            ws://127.0.0.1:PORT/
            wss://127.0.0.1:PORT/
            jar:http://127.0.0.1:PORT/!/
            url:http://127.0.0.1:PORT/
            view-source:http://127.0.0.1:PORT/
            unix:///var/run/docker.sock
            http+unix://%2fvar%2frun%2fdocker.sock/
            javascript:alert(1)
            data:text/plain,x
            mailto:a@b.example
            httpx://127.0.0.1:PORT/
            xhttp://127.0.0.1:PORT/
            """;

    /** Nobody of ours listens there, and nobody may be asked. */
    private static final String INSIDE = """
            http://10.0.0.1/
            http://10.255.255.255/
            http://172.16.0.1/
            http://172.31.255.255/
            http://192.168.0.1/
            http://192.168.255.255/
            http://169.254.169.254/latest/meta-data/
            http://169.254.170.2/v2/credentials
            http://169.254.0.1/
            http://[::ffff:169.254.169.254]/
            http://[::ffff:a9fe:a9fe]/
            http://[64:ff9b::a9fe:a9fe]/
            http://[64:ff9b::10.0.0.1]/
            http://[2002:a9fe:a9fe::]/
            http://[fd00:ec2::254]/
            http://[fd20:ce::254]/
            http://100.100.100.200/
            http://100.64.0.1/
            http://100.127.255.255/
            http://168.63.129.16/
            http://192.0.0.192/
            http://192.0.0.1/
            http://192.0.2.1/
            http://192.88.99.1/
            http://198.18.0.1/
            http://198.19.255.255/
            http://198.51.100.1/
            http://203.0.113.1/
            http://224.0.0.1/
            http://239.255.255.250/
            http://240.0.0.1/
            http://255.255.255.255/
            http://[fc00::1]/
            http://[fdff:ffff::1]/
            http://[fe80::1]/
            http://[fe80::1%25eth0]/
            http://[febf::1]/
            http://[fec0::1]/
            http://[ff02::1]/
            http://[ff0e::1]/
            http://[100::1]/
            http://[2001:2::1]/
            http://[2001:10::1]/
            http://[2001:20::1]/
            http://[2001:db8::1]/
            http://[3fff::1]/
            http://[5f00::1]/
            http://[4000::1]/
            http://[1::1]/
            http://[::10.0.0.1]/
            http://[::ffff:10.0.0.1]/
            http://metadata.google.internal/computeMetadata/v1/
            """;

    private static Canary canary;

    /** Somebody who listens on every local address, and counts. */
    private static final class Canary implements AutoCloseable {
        private final ServerSocket socket;
        private final BlockingQueue<String> visitors = new LinkedBlockingQueue<>();

        Canary() throws IOException {
            socket = new ServerSocket(0);
            Thread.ofVirtual().start(() -> {
                while (!socket.isClosed()) {
                    try (Socket visitor = socket.accept()) {
                        visitors.add(visitor.getLocalSocketAddress().toString());
                    } catch (IOException e) {
                        return;
                    }
                }
            });
        }

        int port() {
            return socket.getLocalPort();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    @BeforeAll
    static void listen() throws IOException {
        canary = new Canary();
    }

    /** What came late would have been let in all the same. */
    @AfterAll
    static void nobodyCame() throws IOException {
        canary.close();
        assertThat(canary.visitors).isEmpty();
    }

    static Stream<String> hostile() {
        String tooLong = "http://127.0.0.1:PORT/" + "a".repeat(2_048);
        return Stream.of(THIS_HOST, DISGUISES, SCHEMES, INSIDE, tooLong)
                .flatMap(String::lines)
                .map(line -> line.replace("\\t", "\t").replace("\\\\", "\\"));
    }

    @Test
    void thereAreManyOfThem() {
        assertThat(hostile().distinct().count()).isGreaterThanOrEqualTo(200);
    }

    @ParameterizedTest
    @MethodSource("hostile")
    void aHostileUrlIsRefusedAndNobodyIsConnectedTo(String url) throws InterruptedException {
        try (WebhookClient client = client(HostileUrlTest::against, "any", List.of())) {
            Outcome outcome = client.post("default", url.replace(CANARY, "" + canary.port()), Map.of(), new byte[] {1});
            assertThat(outcome).isInstanceOf(Outcome.Unanswered.class);
            String error = ((Outcome.Unanswered) outcome).error();
            assertThat(REFUSALS).as(error).contains(error.substring(0, error.indexOf(':')));
            assertThat(canary.visitors).isEmpty();
        }
    }

    /** Were the canary deaf, or everything refused, the others would show nothing. */
    @Test
    void whatIsAllowedReachesTheCanary() throws IOException, InterruptedException {
        try (Canary other = new Canary();
                WebhookClient client = client(HostileUrlTest::against, "any", List.of("127.0.0.0/8"))) {
            client.post("default", "http://www.example.com:" + other.port() + "/", Map.of(), new byte[] {1});
            assertThat(other.visitors.poll(20, TimeUnit.SECONDS)).isNotNull();
        }
    }

    @Test
    void onlyTheAllowedPortsAreUsed() throws InterruptedException {
        try (WebhookClient client = client(HostileUrlTest::against, "80,443", List.of("127.0.0.0/8"))) {
            Outcome outcome =
                    client.post("default", "http://127.0.0.1:" + canary.port() + "/", Map.of(), new byte[] {1});
            assertThat(((Outcome.Unanswered) outcome).error()).startsWith("port_refused: ");
        }
    }

    @Test
    void oneBadAddressAmongManyIsEnough() throws InterruptedException {
        Resolver mixed = host -> List.of(InetAddress.ofLiteral("127.0.0.2"), InetAddress.ofLiteral("127.0.0.1"));
        try (WebhookClient client = client(mixed, "any", List.of("127.0.0.2"))) {
            Outcome outcome =
                    client.post("default", "http://www.example.com:" + canary.port() + "/", Map.of(), new byte[] {1});
            assertThat(((Outcome.Unanswered) outcome).error()).startsWith("address_refused: ");
        }
    }

    /** The first answer is allowed, each later one is not: who asks twice, or lets the connection ask again, is lost. */
    @Test
    void aNameThatChangesItsMindGainsNothing() throws Exception {
        BlockingQueue<String> answers = new LinkedBlockingQueue<>(List.of("127.0.0.2", "127.0.0.1", "127.0.0.1"));
        Resolver rebinding = host -> List.of(InetAddress.ofLiteral(answers.remove()));
        try (ServerSocket inside = new ServerSocket(0, 10, InetAddress.ofLiteral("127.0.0.1"));
                ServerSocket allowed = new ServerSocket(inside.getLocalPort(), 10, InetAddress.ofLiteral("127.0.0.2"));
                WebhookClient client = client(rebinding, "any", List.of("127.0.0.2"))) {
            String url = "http://rebinding.example.com:" + inside.getLocalPort() + "/path?q";
            BlockingQueue<String> seen = new LinkedBlockingQueue<>();
            Thread.ofVirtual().start(() -> answerOnce(allowed, seen));
            Outcome first = client.post("default", url, Map.of("webhook-id", "1"), new byte[] {1});
            assertThat(first).isEqualTo(new Outcome.Replied(204, "", Optional.empty()));
            assertThat(seen.take().toLowerCase(java.util.Locale.ROOT))
                    .startsWith("post /path?q http/1.1")
                    .contains("host: rebinding.example.com:" + inside.getLocalPort());
            assertThat(answers).as("asked once").hasSize(2);

            Outcome second = client.post("default", url, Map.of("webhook-id", "1"), new byte[] {1});
            assertThat(((Outcome.Unanswered) second).error()).startsWith("address_refused: ");
            inside.setSoTimeout(200);
            org.assertj.core.api.Assertions.assertThatThrownBy(inside::accept)
                    .isInstanceOf(java.net.SocketTimeoutException.class);
        }
    }

    private static void answerOnce(ServerSocket server, BlockingQueue<String> seen) {
        try (Socket socket = server.accept()) {
            byte[] head = new byte[1_000];
            int length = socket.getInputStream().read(head);
            seen.add(new String(head, 0, length, StandardCharsets.ISO_8859_1));
            socket.getOutputStream()
                    .write("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<InetAddress> against(String host) {
        try {
            return List.of(Inet4Address.ofPosixLiteral(host));
        } catch (IllegalArgumentException e) {
            return List.of(
                    host.startsWith("metadata.")
                            ? InetAddress.ofLiteral("169.254.169.254")
                            : InetAddress.getLoopbackAddress());
        }
    }

    private static WebhookClient client(Resolver resolver, String ports, List<String> allow) {
        OutboundSettings settings = OutboundSettings.of(OutboundSettings.ports(ports), allow);
        return new WebhookClient(
                VERTX,
                new OutboundRules(settings, resolver),
                Duration.ofSeconds(10),
                Clock.systemUTC(),
                Optional.empty());
    }
}
