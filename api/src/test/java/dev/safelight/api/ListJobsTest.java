package dev.safelight.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.safelight.api.TestApi.Answer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code GET /v1/jobs}. */
class ListJobsTest {
    private TestApi api;

    @BeforeEach
    void start() {
        api = TestApi.start();
    }

    @AfterEach
    void stop() {
        api.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 5, 23, 24, 200})
    void pagesAreNewestFirstAndWhatIsSubmittedMeanwhileShiftsNothing(int limit) {
        List<UUID> submitted = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            submitted.add(api.submit().id());
        }
        Collections.reverse(submitted);

        List<UUID> listed = new ArrayList<>();
        String cursor = "";
        do {
            Answer page = api.get("/v1/jobs?limit=" + limit + cursor);
            assertThat(page.status()).as(page.text()).isEqualTo(200);
            assertThat(page.at("/jobs").size()).isBetween(1, limit);
            listed.addAll(ids(page));
            cursor = page.json().has("next_cursor")
                    ? "&cursor=" + page.at("/next_cursor").textValue()
                    : null;
            api.submit();
        } while (cursor != null);
        assertThat(listed).containsExactlyElementsOf(submitted);
    }

    @Test
    void anEmptyListIsEmpty() {
        Answer page = api.get("/v1/jobs");
        assertThat(page.text()).isEqualTo("{\"jobs\":[]}");
    }

    @Test
    void aPageHasFiftyJobsUnlessToldOtherwise() {
        for (int i = 0; i < 51; i++) {
            api.submit();
        }
        assertThat(api.get("/v1/jobs").at("/jobs")).hasSize(50);
    }

    @Test
    void filtersHoldOnEveryPage() {
        List<UUID> canceledShapes = new ArrayList<>();
        List<UUID> dots = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            UUID shape = api.submit().id();
            api.post("/v1/jobs/" + shape + "/cancel", "");
            canceledShapes.addFirst(shape);
            dots.addFirst(api.post("/v1/jobs", "{\"model\": \"dots\"}").id());
            api.submit();
        }
        assertThat(all("state=canceled")).containsExactlyElementsOf(canceledShapes);
        assertThat(all("model=dots")).containsExactlyElementsOf(dots);
        assertThat(all("model=shapes&state=canceled")).containsExactlyElementsOf(canceledShapes);
        assertThat(all("model=dots&state=canceled")).isEmpty();
        assertThat(all("state=queued")).hasSize(10);
        assertThat(all("model=unknown")).isEmpty();
    }

    private List<UUID> all(String filter) {
        List<UUID> all = new ArrayList<>();
        Answer page = api.get("/v1/jobs?limit=2&" + filter);
        all.addAll(ids(page));
        while (page.json().has("next_cursor")) {
            page = api.get("/v1/jobs?limit=2&" + filter + "&cursor="
                    + page.at("/next_cursor").textValue());
            all.addAll(ids(page));
        }
        return all;
    }

    private static List<UUID> ids(Answer page) {
        List<UUID> ids = new ArrayList<>();
        for (JsonNode job : page.at("/jobs")) {
            ids.add(UUID.fromString(job.get("id").textValue()));
        }
        return ids;
    }
}
