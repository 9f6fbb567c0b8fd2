-- Only the newest attempt decides how it goes on; what an older one met is written down all the same.
WITH attempt AS (
    UPDATE webhook_attempt
    SET duration_ms = :duration, status = :status, error = :error, reply = :reply
    WHERE tenant_id = :tenant_id AND delivery_id = :delivery_id AND attempt = :attempt
)
UPDATE webhook_delivery
SET failures = failures + 1,
    state = CASE WHEN :delay::double precision IS NULL THEN 'failed' ELSE 'pending' END,
    settled_at = CASE WHEN :delay::double precision IS NULL THEN now() END,
    error = CASE WHEN :delay::double precision IS NULL THEN :verdict END,
    next_attempt_at = now() + make_interval(secs => coalesce(:delay::double precision, 0))
WHERE tenant_id = :tenant_id AND delivery_id = :delivery_id AND state = 'pending' AND attempts = :attempt
