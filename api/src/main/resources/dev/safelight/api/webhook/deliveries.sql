-- Newest first: version 7 ids sort by age.
SELECT delivery.*,
       (SELECT json_agg(json_build_object(
                   'attempt', attempt, 'startedAt', started_at, 'durationMs', duration_ms, 'status', status,
                   'error', error, 'reply', reply) ORDER BY attempt)
        FROM webhook_attempt AS attempt
        WHERE attempt.tenant_id = delivery.tenant_id AND attempt.delivery_id = delivery.delivery_id) AS attempt_list
FROM webhook_delivery AS delivery
WHERE delivery.tenant_id = :tenant_id
  AND (:before::uuid IS NULL OR delivery.delivery_id < :before)
  AND (:job_id::uuid IS NULL OR delivery.job_id = :job_id)
  AND (:endpoint_id::uuid IS NULL OR delivery.endpoint_id = :endpoint_id)
  AND (:state::text IS NULL OR delivery.state = :state)
  AND (:delivery_id::uuid IS NULL OR delivery.delivery_id = :delivery_id)
ORDER BY delivery.delivery_id DESC
LIMIT :most
