package dev.safelight.standalone.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.embedded.LocalPostgres;
import dev.safelight.embedded.testing.TestServers;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Keys, tenants and queues from the command line, on the database of a data folder. */
class AdministrationCommandTest {
    private final Path data = TestServers.newFolder("data");

    private record Ended(int status, String out, String err) {}

    @Test
    void worksOnAFolderWhetherItsServerRunsOrNot() {
        Ended made = run("keys", "create", "--name", "first", "--scopes", "admin", "--expires", "90d");
        assertThat(made.status()).as(made.err()).isZero();
        assertThat(made.out().strip()).as("nothing but the key").matches("sl_[0-9a-z]{10}_[0-9a-z]{38}");
        assertThat(made.err()).contains("not shown again", "admin", "until");
        String id = made.out().substring(3, 13);

        LocalPostgres server = LocalPostgres.start(data.resolve("postgres"), 0);
        try {
            assertThat(run("keys", "list").out())
                    .contains(id, "active", "first")
                    .doesNotContain(made.out().strip());
            Ended rotated = run("keys", "rotate", id, "--overlap", "1h");
            assertThat(rotated.out()).startsWith("sl_").isNotEqualTo(made.out());
            assertThat(run("keys", "revoke", id).out()).contains("revoked", "5 seconds");
            assertThat(run("keys", "rotate", id).status()).isEqualTo(1);
            assertThat(run("keys", "rotate", id).err().lines()).hasSize(1).allMatch(line -> line.contains("key_ended"));

            assertThat(run("tenants", "create", "studio", "--weight", "2", "--most-queued", "50")
                            .out())
                    .contains("studio", "weight 2", "queued 50");
            assertThat(run("tenants", "set", "studio", "--most-queued", "none", "--requests-per-second", "0.5")
                            .out())
                    .contains("queued -", "requests/s 0.5", "weight 2");
            assertThat(run("tenants", "list").out()).contains("default", "studio");
            assertThat(run("tenants", "set", "nobody", "--weight", "2").err()).contains("404 not_found");

            assertThat(run("queues", "pause", "default").out()).contains("paused");
            assertThat(run("queues", "resume", "default").out()).contains("open");
            assertThat(run("queues", "list").out()).contains("default");
        } finally {
            server.stop();
        }
    }

    @Test
    void saysInOneLineWhatIsWrongWithTheUsage() {
        assertWrongUsage("a command is missing", "keys");
        assertWrongUsage("--name", "keys", "create");
        assertWrongUsage("no duration", "keys", "create", "--name", "x", "--expires", "soon");
        assertWrongUsage("no id of a key", "keys", "revoke", "sl_whole-key-pasted");
        assertWrongUsage("neither a number nor none", "tenants", "set", "x", "--weight", "heavy");
        assertWrongUsage("no name of a queue", "queues", "pause", "a/b");
    }

    private void assertWrongUsage(String about, String... arguments) {
        Ended ended = run(arguments);
        assertThat(ended.status()).isEqualTo(2);
        assertThat(ended.err().lines()).hasSize(1).allMatch(line -> line.contains(about));
    }

    private Ended run(String... arguments) {
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
        ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
        String[] all = arguments.length < 2
                ? arguments
                : Stream.concat(Stream.of(arguments), Stream.of("--data", data.toString()))
                        .toArray(String[]::new);
        try {
            System.setOut(new PrintStream(outBytes, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(errBytes, true, StandardCharsets.UTF_8));
            int status = Safelight.execute(all);
            return new Ended(
                    status, outBytes.toString(StandardCharsets.UTF_8), errBytes.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }
}
