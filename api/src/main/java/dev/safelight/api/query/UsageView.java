package dev.safelight.api.query;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.List;
import org.jdbi.v3.core.statement.StatementContext;

/** What a tenant used from one day to another, both included, in UTC. */
record UsageView(LocalDate from, LocalDate to, List<OfDay> days, OfDay total) {
    /**
     * @param day null for a sum of days
     * @param evaluations rows that networks ran
     * @param deviceSeconds time of the network calls, shared among the jobs of a call by their rows
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record OfDay(LocalDate day, Jobs jobs, long images, long evaluations, double deviceSeconds) {
        private static final OfDay NOTHING = new OfDay(null, new Jobs(0, 0, 0, 0), 0, 0, 0);

        static OfDay map(ResultSet row, StatementContext context) throws SQLException {
            return new OfDay(
                    row.getObject("day", LocalDate.class),
                    new Jobs(
                            row.getLong("succeeded"),
                            row.getLong("failed"),
                            row.getLong("canceled"),
                            row.getLong("expired")),
                    row.getLong("images"),
                    row.getLong("evaluations"),
                    row.getDouble("device_seconds"));
        }

        private OfDay plus(OfDay other) {
            return new OfDay(
                    null,
                    jobs.plus(other.jobs),
                    images + other.images,
                    evaluations + other.evaluations,
                    deviceSeconds + other.deviceSeconds);
        }
    }

    /** Jobs by how they ended. */
    record Jobs(long succeeded, long failed, long canceled, long expired) {
        private Jobs plus(Jobs other) {
            return new Jobs(
                    succeeded + other.succeeded,
                    failed + other.failed,
                    canceled + other.canceled,
                    expired + other.expired);
        }
    }

    static UsageView of(LocalDate from, LocalDate to, List<OfDay> days) {
        return new UsageView(from, to, days, days.stream().reduce(OfDay.NOTHING, OfDay::plus));
    }
}
