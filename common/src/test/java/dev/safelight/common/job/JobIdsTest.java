package dev.safelight.common.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class JobIdsTest {

    @Test
    void idsOfOneProcessSortByAgeAsTextAndCarryVersionSeven() {
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 20_000; i++) {
            UUID id = JobIds.next();
            assertThat(id.version()).isEqualTo(7);
            assertThat(id.variant()).isEqualTo(2);
            ids.add(id.toString());
        }
        assertThat(ids).isSorted().doesNotHaveDuplicates();
    }

    @Test
    void anIdCarriesTheTimeOfItsMaking() {
        long before = System.currentTimeMillis();
        long made = JobIds.next().getMostSignificantBits() >>> 16;
        // The counter may run ahead of the clock by as many milliseconds as 4,096 ids a millisecond take.
        assertThat(made).isBetween(before - 1, System.currentTimeMillis() + 1_000);
    }
}
