-- Sets the fields that the document has, a null included; the others stay.
UPDATE tenant
SET weight = coalesce((changes ->> 'weight')::real, weight),
    requests_per_second = CASE WHEN jsonb_exists(changes, 'requests_per_second')
                          THEN (changes ->> 'requests_per_second')::real ELSE requests_per_second END,
    burst = CASE WHEN jsonb_exists(changes, 'burst') THEN (changes ->> 'burst')::numeric::integer ELSE burst END,
    most_running = CASE WHEN jsonb_exists(changes, 'most_running')
                   THEN (changes ->> 'most_running')::numeric::integer ELSE most_running END,
    most_queued = CASE WHEN jsonb_exists(changes, 'most_queued')
                  THEN (changes ->> 'most_queued')::numeric::integer ELSE most_queued END,
    outputs_expire_in = CASE WHEN jsonb_exists(changes, 'outputs_expire_in')
                        THEN (changes ->> 'outputs_expire_in')::numeric::integer ELSE outputs_expire_in END
FROM (SELECT :changes::jsonb AS changes) AS given
WHERE tenant_id = :tenant_id
RETURNING tenant.*
