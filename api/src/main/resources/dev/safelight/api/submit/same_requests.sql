-- Of the jobs that were in the way of others: which of the keys came with another request, or are too old to bind.
SELECT given.job_id
FROM unnest(?::text[], ?::uuid[], ?::text[], ?::text[])
    AS given (tenant_id, job_id, idempotency_key, request_hash)
JOIN job ON job.tenant_id = given.tenant_id AND job.idempotency_key = given.idempotency_key
WHERE job.request_hash <> decode(given.request_hash, 'hex')
   OR job.created_at <= now() - interval '24 hours'
