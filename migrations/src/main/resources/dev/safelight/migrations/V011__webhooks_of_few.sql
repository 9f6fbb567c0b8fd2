-- Where nobody has a webhook, an event pays for two looks at empty indexes and for nothing else; where a few jobs have
-- one, the others pay for a probe of a small index.
CREATE INDEX job_webhook ON job (tenant_id, job_id) WHERE webhook IS NOT NULL;

CREATE OR REPLACE FUNCTION webhook_fan_out() RETURNS trigger
    LANGUAGE plpgsql
    SET enable_seqscan = off
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM webhook_endpoint WHERE disabled_at IS NULL)
       AND NOT EXISTS (SELECT FROM job WHERE webhook IS NOT NULL) THEN
        RETURN NULL;
    END IF;
    INSERT INTO webhook_delivery (tenant_id, delivery_id, job_id, endpoint_id, event, occurred_at, target)
    SELECT told.tenant_id,
           -- A version 7 UUID: a random one whose first 48 bits are the milliseconds.
           encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
                                          PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                                          FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid,
           told.job_id, receiver.endpoint_id, told.event, told.occurred_at, receiver.target
    FROM (SELECT tenant_id, job_id,
                 CASE type WHEN 'started' THEN 'started' WHEN 'output' THEN 'output' ELSE 'completed' END AS event,
                 max(created_at) AS occurred_at,
                 min(event_id) AS place
          FROM fresh
          WHERE type <> 'returned'
          GROUP BY 1, 2, 3) AS told
    CROSS JOIN LATERAL (
        SELECT endpoint_id, 'endpoint ' || endpoint_id AS target
        FROM webhook_endpoint
        WHERE webhook_endpoint.tenant_id = told.tenant_id
          AND webhook_endpoint.disabled_at IS NULL
          AND told.event = ANY (webhook_endpoint.events)
        UNION ALL
        SELECT NULL, 'job ' || job.tenant_id || ' ' || (job.webhook ->> 'target')
        FROM job
        WHERE job.tenant_id = told.tenant_id
          AND job.job_id = told.job_id
          AND job.webhook IS NOT NULL
          AND job.webhook -> 'events' @> to_jsonb(told.event)
    ) AS receiver
    ORDER BY told.place;
    RETURN NULL;
END
$$;
