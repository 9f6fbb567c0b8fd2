package dev.safelight.standalone.sight;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.common.trace.LogContext;
import dev.safelight.common.wire.Json;
import dev.safelight.embedded.testing.JavaProcess;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The log for machines, and the one for people. */
class JsonLogTest {
    @Test
    void aLineIsOneObjectWithJobAndTraceWhateverItSays() throws IOException {
        List<String> lines = run("json");
        assertThat(lines).hasSize(2);
        JsonNode first = Json.MAPPER.readTree(lines.getFirst());
        assertThat(first.at("/formattedMessage").textValue()).isEqualTo("two\nlines and \"quotes\"");
        assertThat(first.at("/level").textValue()).isEqualTo("WARN");
        assertThat(first.at("/loggerName").textValue()).startsWith("dev.safelight.");
        assertThat(first.at("/timestamp").isIntegralNumber()).isTrue();
        assertThat(first.at("/mdc/job_id").textValue()).isEqualTo("a job");
        assertThat(first.at("/mdc/trace_id").textValue()).isEqualTo("a trace");
        JsonNode second = Json.MAPPER.readTree(lines.getLast());
        assertThat(second.at("/mdc").has("job_id")).isFalse();
        assertThat(second.at("/throwable/message").textValue()).isEqualTo("broken");
    }

    @Test
    void aPersonReadsText() {
        assertThat(run("text").getFirst()).contains("WARN", "[main]", "JsonLogTest$Speaker: two");
    }

    private static List<String> run(String format) {
        try (JavaProcess process =
                JavaProcess.start(Speaker.class, List.of(), Map.of("SAFELIGHT_LOG_FORMAT", format))) {
            assertThat(process.awaitExit(Duration.ofSeconds(60))).isZero();
            return process.output().lines().toList();
        }
    }

    /** Says two things and ends. */
    static final class Speaker {
        private static final Logger LOG = LoggerFactory.getLogger(Speaker.class);

        private Speaker() {}

        public static void main(String[] arguments) {
            LogContext.enter("a job", "a trace");
            LOG.warn("two\nlines and {}", "\"quotes\"");
            LogContext.leave();
            LOG.error("again", new IllegalStateException("broken"));
        }
    }
}
