package dev.safelight.common.request;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class EmphasisTest {
    private static String read(String prompt) {
        List<String> pieces = Emphasis.of(prompt).stream()
                .map(piece -> piece.text() + "|" + Math.round(100 * piece.weight()))
                .toList();
        return String.join(" / ", pieces);
    }

    @Test
    void bracketsWithANumberWeigh() {
        assertThat(read("a (red:1.3) fox")).isEqualTo("a |100 / red|130 /  fox|100");
        assertThat(read("(a (b:2) c:1.5)")).isEqualTo("a |150 / b|300 /  c|150");
        assertThat(read("(half:.5)")).isEqualTo("half|50");
    }

    @Test
    void everythingElseIsText() {
        for (String prompt :
                List.of("a (red) fox", "[b]", "(a:b)", "(open:1.2", "a: (b)", "(x:11)", "(x:)", ")(", "(a)")) {
            assertThat(read(prompt)).isEqualTo(prompt + "|100");
        }
        assertThat(read("")).isEqualTo("|100");
    }

    @Test
    void aBackslashMakesTextOfABracket() {
        assertThat(read("\\(a:1.2\\)")).isEqualTo("(a:1.2)|100");
        assertThat(read("(a\\):1.2)")).isEqualTo("a)|120");
    }
}
