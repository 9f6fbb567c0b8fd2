package dev.safelight.api.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.safelight.common.wire.Json;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The body of a message, and when it is sent again. */
class MessageTest {
    private static final Instant NOW = Instant.parse("2026-11-25T08:00:00Z");

    @Test
    void aSmallJobIsThereWhole() throws IOException {
        ObjectNode job = Json.MAPPER.createObjectNode().put("id", "x");
        JsonNode body = Json.MAPPER.readTree(MessageBody.of("job.completed", NOW, job));
        assertThat(body.toString())
                .isEqualTo(
                        "{\"type\":\"job.completed\",\"timestamp\":\"2026-11-25T08:00:00Z\",\"data\":{\"id\":\"x\"}}");
    }

    @ParameterizedTest
    @CsvSource({
        "metadata, 19000, metadata",
        "input, 30000, 'metadata input'",
        "outputs, 1000000, 'metadata input outputs'",
    })
    void ofALargeOneItSaysWhatIsLeftOut(String large, int size, String omitted) throws IOException {
        ObjectNode job = Json.MAPPER.createObjectNode().put("id", "x").put("state", "succeeded");
        for (String field : List.of("metadata", "input", "outputs")) {
            job.put(field, "ä".repeat(field.equals(large) ? size : 600));
        }
        byte[] bytes = MessageBody.of("job.completed", NOW, job);
        assertThat(bytes.length).isLessThan(20_000);
        JsonNode body = Json.MAPPER.readTree(bytes);
        assertThat(body.get("omitted")).extracting(JsonNode::textValue).containsExactly(omitted.split(" "));
        assertThat(body.at("/data/id").textValue()).isEqualTo("x");
        for (String field : omitted.split(" ")) {
            assertThat(body.get("data").has(field)).isFalse();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "120 | 120",
                " 0 | 0",
                "999999999 | 86400",
                "Wed, 25 Nov 2026 08:01:00 GMT | 60",
                "Wed, 25 Nov 2026 07:00:00 GMT | 0",
                "Wed, 25 Nov 2099 07:00:00 GMT | 86400",
            })
    void retryAfter(String header, long seconds) {
        assertThat(RetryAfter.parse(header, NOW)).contains(Duration.ofSeconds(seconds));
    }

    @ParameterizedTest
    @CsvSource({"soon", "-1", "1.5", "''", "99999999999"})
    void retryAfterThatIsNonsense(String header) {
        assertThat(RetryAfter.parse(header, NOW)).isEmpty();
    }

    @Test
    void theScheduleJittersAndOnlyEverWaitsLongerThanAsked() {
        List<Duration> delays = List.of(Duration.ZERO, Duration.ofSeconds(100), Duration.ofSeconds(200));
        assertThat(new RetrySchedule(delays, () -> 0).next(1, Optional.empty())).contains(Duration.ofSeconds(80));
        assertThat(new RetrySchedule(delays, () -> 0.5).next(1, Optional.empty()))
                .contains(Duration.ofSeconds(100));
        assertThat(new RetrySchedule(delays, () -> 0.5).next(2, Optional.of(Duration.ofSeconds(50))))
                .contains(Duration.ofSeconds(200));
        assertThat(new RetrySchedule(delays, () -> 0.5).next(2, Optional.of(Duration.ofSeconds(500))))
                .contains(Duration.ofSeconds(500));
        assertThat(new RetrySchedule(delays, () -> 0.5).next(3, Optional.of(Duration.ofSeconds(5))))
                .isEmpty();
    }
}
