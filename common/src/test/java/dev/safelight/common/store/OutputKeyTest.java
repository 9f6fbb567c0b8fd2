package dev.safelight.common.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.job.Fence;
import dev.safelight.common.job.JobIds;
import dev.safelight.common.job.JobKey;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OutputKeyTest {

    @Test
    void aPathReadsBackAsTheKeyItWasMadeFrom() {
        OutputKey key = new OutputKey(new Fence(new JobKey("acme-1", JobIds.next()), 12), 3, "png");
        assertThat(OutputKey.parse(key.path())).contains(key);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "outputs/",
                "outputs/acme/not-a-uuid/1/0.png",
                "outputs/acme/0199f3a2-0000-7000-8000-000000000000/1/0.png/more",
                "files/acme/0199f3a2-0000-7000-8000-000000000000/1/0.png",
                "outputs/../acme/0199f3a2-0000-7000-8000-000000000000/1/0.png"
            })
    void aPathThatIsNoOutputsIsNotTaken(String path) {
        assertThat(OutputKey.parse(path)).isEmpty();
    }
}
