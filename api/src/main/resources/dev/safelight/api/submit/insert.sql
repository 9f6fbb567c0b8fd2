-- Many jobs at once, in the order of the arrays: the caller sorts them by tenant and idempotency key, so that two groups
-- that share keys wait for each other in one direction only. Any conflict means that the row is there already: under
-- this idempotency key, or under this very id when an earlier try lost its connection after the commit.
INSERT INTO job (tenant_id, job_id, retry_of, queue, model, bundle, priority, input, metadata, preview_every,
                 idempotency_key, request_hash, traceparent, steps, expires_in, webhook)
SELECT tenant_id, job_id, retry_of, queue, model, bundle, priority, input::jsonb, metadata::jsonb, preview_every,
       idempotency_key, decode(request_hash, 'hex'), traceparent, steps, expires_in, webhook::jsonb
FROM unnest(?::text[], ?::uuid[], ?::uuid[], ?::text[], ?::text[], ?::text[], ?::smallint[], ?::text[], ?::text[],
            ?::integer[], ?::text[], ?::text[], ?::text[], ?::integer[], ?::integer[], ?::text[])
     WITH ORDINALITY AS job (tenant_id, job_id, retry_of, queue, model, bundle, priority, input, metadata, preview_every,
                             idempotency_key, request_hash, traceparent, steps, expires_in, webhook, place)
ORDER BY place
ON CONFLICT DO NOTHING
RETURNING job_id, created_at
