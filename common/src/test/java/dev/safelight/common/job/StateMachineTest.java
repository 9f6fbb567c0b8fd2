package dev.safelight.common.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class StateMachineTest {

    @Test
    void nothingLeavesATerminalStateAndSomethingLeavesEveryOther() {
        for (JobState state : JobState.values()) {
            assertThat(state.next().isEmpty()).as("%s has no way out", state).isEqualTo(state.terminal());
        }
    }

    @Test
    void everyStateButTheFirstCanBeReached() {
        List<JobState> reached = Arrays.stream(Transition.values())
                .map(Transition::to)
                .distinct()
                .toList();
        assertThat(reached).contains(JobState.values());
    }

    @Test
    void theDocumentHasTheTransitionsOfTheCode() throws IOException {
        Path document = Path.of(System.getProperty("safelight.root"), "docs", "state-machine.md");
        List<String> documented = Files.readAllLines(document).stream()
                .filter(line -> line.startsWith("| `"))
                .toList();
        List<String> coded = Arrays.stream(Transition.values())
                .map(edge -> "| `%s` | %s | %s | %s |"
                        .formatted(edge, edge.from().word(), edge.to().word(), edge.mover()))
                .toList();
        assertThat(documented).containsExactlyElementsOf(coded);
        String drawing = Files.readString(document);
        for (Transition edge : Transition.values()) {
            assertThat(drawing)
                    .contains("%s --> %s: %s"
                            .formatted(edge.from().word(), edge.to().word(), edge));
        }
    }
}
