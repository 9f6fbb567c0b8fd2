-- Who wants to hear of the progress of these jobs. Nothing is stored: each message gets an id and is forgotten.
SELECT job.tenant_id, gen_random_uuid() AS delivery_id, job.job_id, receiver.endpoint_id, 'progress' AS event,
       NULL AS traceparent, now() AS occurred_at, receiver.target, 1 AS attempts, 0 AS failures, receiver.url, receiver.secrets
FROM unnest(:tenants::text[], :jobs::uuid[]) AS asked (tenant_id, job_id)
JOIN job USING (tenant_id, job_id)
CROSS JOIN LATERAL (
    SELECT endpoint_id, 'endpoint ' || endpoint_id AS target, url,
           ARRAY(SELECT secret.sealed
                 FROM webhook_secret AS secret
                 WHERE secret.tenant_id = endpoint.tenant_id AND secret.endpoint_id = endpoint.endpoint_id
                   AND (secret.ends_at IS NULL OR secret.ends_at > now())
                 ORDER BY secret.created_at DESC) AS secrets
    FROM webhook_endpoint AS endpoint
    WHERE endpoint.tenant_id = job.tenant_id AND endpoint.disabled_at IS NULL AND 'progress' = ANY (endpoint.events)
    UNION ALL
    SELECT NULL, 'job ' || job.tenant_id || ' ' || (job.webhook ->> 'target'), job.webhook ->> 'url',
           CASE WHEN job.webhook ->> 'secret' IS NOT NULL THEN ARRAY[job.webhook ->> 'secret']
                ELSE ARRAY(SELECT secret.sealed
                           FROM webhook_secret AS secret
                           WHERE secret.tenant_id = job.tenant_id AND secret.endpoint_id IS NULL
                             AND (secret.ends_at IS NULL OR secret.ends_at > now())
                           ORDER BY secret.created_at DESC) END
    WHERE job.webhook -> 'events' @> '"progress"'
) AS receiver
WHERE job.state = 'running'
  AND NOT EXISTS (SELECT FROM webhook_pause AS pause WHERE pause.target = receiver.target AND pause.until > now())
