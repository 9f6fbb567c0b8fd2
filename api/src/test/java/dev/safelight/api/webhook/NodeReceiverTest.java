package dev.safelight.api.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.safelight.common.sign.SigningSecret;
import dev.safelight.embedded.testing.JavaProcess;
import dev.safelight.embedded.testing.TestServers;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** The receiver of docs/webhooks.md, word for word, with the npm package that it names. */
@EnabledIfSystemProperty(
        named = "safelight.long",
        matches = "true",
        disabledReason = "fetches a package from the npm registry: runs in ./safelight test --long")
class NodeReceiverTest {
    private static final Path PAGE = Path.of(System.getProperty("safelight.root"), "docs", "webhooks.md");
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    @Test
    void theReceiverOfTheGuideVerifiesWhatWeSend() throws IOException, InterruptedException {
        assumeTrue(runs("node", "--version"), "node is not installed");
        assumeTrue(runs("npm", "--version"), "npm is not installed");
        Path folder = TestServers.newFolder("node");
        Files.writeString(folder.resolve("package.json"), "{\"type\": \"module\"}");
        try (JavaProcess install = JavaProcess.start(
                "npm",
                List.of("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "standardwebhooks@1.1.0"),
                Map.of(),
                folder)) {
            assumeTrue(install.awaitExit(PATIENCE) == 0, "the npm registry is out of reach");
        }
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        Files.writeString(folder.resolve("receiver.js"), program().replace("9000", Integer.toString(port)));
        SigningSecret secret = SigningSecret.generate();
        try (Rig rig = new Rig();
                JavaProcess node = JavaProcess.start(
                        "node", List.of("node", "receiver.js"), Map.of("WEBHOOK_SECRET", secret.reveal()), folder)) {
            node.awaitLine(line -> line.equals("listening"), PATIENCE);
            String url = "http://127.0.0.1:" + port + "/hook";
            rig.happens(rig.job(url, secret, "completed"), "canceled");
            rig.happens(rig.job(url, SigningSecret.generate(), "completed"), "canceled");
            assertThat(rig.dispatch()).isEqualTo(2);
            assertThat(rig.attempts())
                    .extracting(attempt -> attempt.get("status"))
                    .containsExactlyInAnyOrder(204, 401);
            node.awaitLine(line -> line.startsWith("job.completed "), PATIENCE);
        }
    }

    private static String program() throws IOException {
        String page = Files.readString(PAGE);
        int start = page.indexOf("```js\n") + 6;
        return page.substring(start, page.indexOf("```", start));
    }

    private static boolean runs(String... command) throws InterruptedException {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            return process.waitFor(30, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            return false;
        }
    }
}
