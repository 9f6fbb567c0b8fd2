package dev.safelight.api.events;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.event.PreviewShown;
import dev.safelight.common.job.JobIds;
import dev.safelight.common.job.JobKey;
import org.junit.jupiter.api.Test;

class LivePreviewsTest {
    private final LivePreviews previews = new LivePreviews(1_000);
    private final JobKey job = new JobKey("default", JobIds.next());

    @Test
    void theLatestOfTheLatestAttemptIsKept() {
        assertThat(previews.take(preview(job, 1, 4, 100))).isTrue();
        assertThat(previews.take(preview(job, 1, 3, 100))).isFalse();
        assertThat(previews.of(job)).map(PreviewShown::number).hasValue(4);
        assertThat(previews.take(preview(job, 2, 0, 50))).isTrue();
        assertThat(previews.take(preview(job, 1, 5, 100))).isFalse();
        assertThat(previews.of(job)).map(PreviewShown::attempt).hasValue(2);
        assertThat(previews.bytes()).isEqualTo(50);
        assertThat(previews.of(new JobKey("other", job.jobId()))).isEmpty();
        previews.forget(job);
        assertThat(previews.of(job)).isEmpty();
        assertThat(previews.bytes()).isZero();
    }

    @Test
    void memoryIsBoundedAndTheLongestSilentJobMakesRoom() {
        JobKey silent = new JobKey("default", JobIds.next());
        previews.take(preview(silent, 1, 0, 400));
        previews.take(preview(job, 1, 0, 400));
        for (int number = 1; number < 100; number++) {
            previews.take(preview(job, 1, number, 500));
            previews.take(preview(new JobKey("default", JobIds.next()), 1, 0, 300));
            assertThat(previews.bytes()).isLessThanOrEqualTo(1_000);
            assertThat(previews.of(job)).isPresent();
        }
        assertThat(previews.of(silent)).isEmpty();
    }

    private static PreviewShown preview(JobKey job, int attempt, int number, int bytes) {
        return new PreviewShown(
                job.tenantId(), job.jobId(), attempt, 1, 9, 0, number, 8, 8, "image/png", new byte[bytes]);
    }
}
