-- Many jobs at once, in the order of the arrays: the caller sorts them by tenant and idempotency key, so that two groups
-- that share keys wait for each other in one direction only. Any conflict means that the row is there already: under
-- this idempotency key, or under this very id when an earlier try lost its connection after the commit.
-- Where most_queued is set, as many of the tenant's jobs go in as have a place, the first ones first; the caller then holds
-- the tenant's lock, so that nobody else counts in between.
WITH given AS (
    SELECT *, row_number() OVER (PARTITION BY tenant_id ORDER BY place) AS rank
    FROM unnest(?::text[], ?::uuid[], ?::uuid[], ?::text[], ?::text[], ?::text[], ?::smallint[], ?::text[], ?::text[],
                ?::integer[], ?::text[], ?::text[], ?::text[], ?::integer[], ?::integer[], ?::text[], ?::timestamptz[],
                ?::integer[], ?::integer[], ?::integer[])
         WITH ORDINALITY AS job (tenant_id, job_id, retry_of, queue, model, bundle, priority, input, metadata,
                                 preview_every, idempotency_key, request_hash, traceparent, steps, expires_in, webhook,
                                 start_by, start_within, timeout_seconds, most_queued, place)
), room AS (
    SELECT limited.tenant_id,
           limited.most_queued - (
               SELECT count(*)
               FROM (SELECT
                     FROM job
                     WHERE job.tenant_id = limited.tenant_id AND job.state = 'queued'
                     LIMIT limited.most_queued) AS waiting) AS places
    FROM (SELECT tenant_id, min(most_queued) AS most_queued
          FROM given
          WHERE most_queued IS NOT NULL
          GROUP BY tenant_id) AS limited
), inserted AS (
    INSERT INTO job (tenant_id, job_id, retry_of, queue, model, bundle, priority, input, metadata, preview_every,
                     idempotency_key, request_hash, traceparent, steps, expires_in, webhook, deadline, timeout_seconds)
    SELECT tenant_id, job_id, retry_of, queue, model, bundle, priority, input::jsonb, metadata::jsonb, preview_every,
           idempotency_key, decode(request_hash, 'hex'), traceparent, steps, expires_in, webhook::jsonb,
           coalesce(start_by, now() + make_interval(secs => start_within)), timeout_seconds
    FROM given
    LEFT JOIN room USING (tenant_id)
    WHERE rank <= coalesce(places, rank)
    ORDER BY place
    ON CONFLICT DO NOTHING
    RETURNING job_id, created_at
)
SELECT given.job_id, inserted.created_at, given.rank > coalesce(room.places, given.rank) AS no_place
FROM given
LEFT JOIN room USING (tenant_id)
LEFT JOIN inserted USING (job_id)
