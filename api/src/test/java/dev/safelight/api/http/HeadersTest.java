package dev.safelight.api.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Headers with a small language of their own. */
class HeadersTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "wait=1 | 1",
                "wait=60 | 60",
                "wait=61 | 60",
                "wait=999999999 | 60",
                "wait=\"7\" | 7",
                "WAIT = 7 | 7",
                "respond-async, wait=7 | 7",
                "wait=7, respond-async | 7",
                "return=minimal; foo=\"bar\", wait=7; x | 7",
            })
    void aPreferredWaitIsAtMostAMinute(String header, int seconds) {
        assertThat(Prefer.parse(header)).contains(Duration.ofSeconds(seconds));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "wait",
                "wait=",
                "wait=0",
                "wait=-1",
                "wait=1.5",
                "wait=soon",
                "await=7",
                "wait=7s",
                "wait=99999999999"
            })
    void anythingElseIsNoPreference(String header) {
        assertThat(Prefer.parse(header)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"a\" | true",
                "W/\"a\" | true",
                "\"b\", \"a\" | true",
                "* | true",
                "\"b\" | false",
                "a | false",
                "\"a | false"
            })
    void aTagMatchesItselfWeaklyOrAmongOthers(String header, boolean matches) {
        assertThat(EntityTag.matches(Optional.of(header), "\"a\"")).isEqualTo(matches);
    }
}
