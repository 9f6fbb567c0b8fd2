-- Takes what is due, oldest first, as much of each target as there is room for. Until the lease ends nobody else takes
-- it; if this process dies it is due again then. The attempt is written down before it is made.
WITH chosen AS (
    SELECT due.tenant_id, due.delivery_id
    FROM unnest(:targets::text[], :rooms::integer[]) AS wanted (target, room)
    CROSS JOIN LATERAL (
        SELECT delivery.tenant_id, delivery.delivery_id
        FROM webhook_delivery AS delivery
        WHERE delivery.state = 'pending' AND delivery.target = wanted.target AND delivery.next_attempt_at <= now()
        ORDER BY delivery.next_attempt_at
        LIMIT wanted.room
        FOR UPDATE SKIP LOCKED) AS due
), claimed AS (
    UPDATE webhook_delivery AS delivery
    SET attempts = delivery.attempts + 1, next_attempt_at = now() + make_interval(secs => :lease)
    FROM chosen
    WHERE delivery.tenant_id = chosen.tenant_id AND delivery.delivery_id = chosen.delivery_id
    RETURNING delivery.*
), begun AS (
    INSERT INTO webhook_attempt (tenant_id, delivery_id, attempt)
    SELECT tenant_id, delivery_id, attempts FROM claimed
)
SELECT claimed.tenant_id, claimed.delivery_id, claimed.job_id, claimed.endpoint_id, claimed.event, claimed.occurred_at,
       claimed.target, claimed.attempts, claimed.failures, job.traceparent,
       CASE WHEN claimed.endpoint_id IS NULL THEN job.webhook ->> 'url'
            WHEN endpoint.disabled_at IS NULL THEN endpoint.url END AS url,
       CASE WHEN claimed.endpoint_id IS NULL AND job.webhook ->> 'secret' IS NOT NULL
            THEN ARRAY[job.webhook ->> 'secret']
            ELSE ARRAY(SELECT secret.sealed
                       FROM webhook_secret AS secret
                       WHERE secret.tenant_id = claimed.tenant_id
                         AND secret.endpoint_id IS NOT DISTINCT FROM claimed.endpoint_id
                         AND (secret.ends_at IS NULL OR secret.ends_at > now())
                       ORDER BY secret.created_at DESC) END AS secrets
FROM claimed
LEFT JOIN webhook_endpoint AS endpoint USING (tenant_id, endpoint_id)
LEFT JOIN job ON job.tenant_id = claimed.tenant_id AND job.job_id = claimed.job_id
