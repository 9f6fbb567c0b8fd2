package dev.safelight.api.query;

import dev.safelight.api.http.Handler;
import dev.safelight.api.http.Problem;
import dev.safelight.api.http.Reply;
import dev.safelight.api.http.Request;
import dev.safelight.api.validate.Violation;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.Sql;
import java.time.Clock;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Jdbi;

/** {@code GET /v1/usage}. */
public final class GetUsage implements Handler {
    private static final String USAGE = Sql.of(GetUsage.class, "usage");
    private static final int USUAL_DAYS = 30;
    private static final int MOST_DAYS = 366;

    private final Jdbi jdbi;
    private final Clock clock;

    public GetUsage(Database database, Clock clock) {
        this.jdbi = database.jdbi();
        this.clock = clock;
    }

    @Override
    public Reply handle(Request request) {
        List<Violation> violations = new ArrayList<>();
        Optional<LocalDate> asked = day(request, "to", violations);
        LocalDate to = asked.orElseGet(() -> LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC));
        LocalDate from = day(request, "from", violations).orElseGet(() -> to.minusDays(USUAL_DAYS - 1));
        if (violations.isEmpty() && from.isAfter(to)) {
            violations.add(new Violation("out_of_range", "query", "from", "must not be after to, which is " + to));
        }
        if (violations.isEmpty() && from.plusDays(MOST_DAYS).compareTo(to) <= 0) {
            violations.add(new Violation(
                    "out_of_range", "query", "from", "must be at most " + (MOST_DAYS - 1) + " days before to"));
        }
        return violations.isEmpty()
                ? Reply.json(200, UsageView.of(from, to, days(request.tenantId(), from, to)))
                : Problem.invalid(400, violations).reply();
    }

    private List<UsageView.OfDay> days(String tenantId, LocalDate from, LocalDate to) {
        return jdbi.withHandle(handle -> handle.createQuery(USAGE)
                .bind("tenant_id", tenantId)
                .bind("from", from)
                .bind("to", to)
                .map(UsageView.OfDay::map)
                .list());
    }

    private static Optional<LocalDate> day(Request request, String parameter, List<Violation> violations) {
        try {
            return request.text(parameter).map(LocalDate::parse);
        } catch (DateTimeParseException e) {
            violations.add(new Violation("wrong_format", "query", parameter, "is no day of the calendar"));
            return Optional.empty();
        }
    }
}
