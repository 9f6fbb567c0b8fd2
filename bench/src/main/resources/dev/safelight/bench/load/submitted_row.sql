SELECT tenant_id, queue, model, bundle, priority, input::text, steps
FROM job
WHERE metadata IS NULL AND idempotency_key IS NULL AND traceparent IS NULL
LIMIT 1
