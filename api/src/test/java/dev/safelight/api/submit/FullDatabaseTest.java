package dev.safelight.api.submit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.api.TestApi;
import dev.safelight.api.TestApi.Answer;
import org.junit.jupiter.api.Test;

/** Postgres without room on its disk: clients are told to come back, and lose nothing by doing so. */
class FullDatabaseTest {
    @Test
    void aSubmitIsRefusedForNowAndTakenOnceThereIsRoom() {
        try (TestApi api = TestApi.start()) {
            Answer before = api.submit("Idempotency-Key", "before");
            api.execute("""
                    CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
                    BEGIN
                        RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
                    END $$""");
            api.execute("CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON job"
                    + " FOR EACH ROW EXECUTE FUNCTION full_disk()");
            Answer refused = api.submit("Idempotency-Key", "meanwhile");
            assertThat(refused.status()).isEqualTo(503);
            assertThat(refused.at("/code").textValue()).isEqualTo("unavailable");
            assertThat(refused.header("Retry-After")).isNotNull();
            assertThat(api.post("/v1/jobs/" + before.id() + "/cancel", "").status())
                    .isEqualTo(503);
            assertThat(api.get("/v1/jobs/" + before.id()).status())
                    .as("what is there can be read")
                    .isEqualTo(200);
            api.execute("DROP TRIGGER full_disk ON job");
            assertThat(api.submit("Idempotency-Key", "meanwhile").status()).isEqualTo(202);
            assertThat(api.submit("Idempotency-Key", "before").id()).isEqualTo(before.id());
            assertThat(api.jobs()).isEqualTo(2);
        }
    }
}
