-- Due at once, and the schedule begins again.
UPDATE webhook_delivery
SET state = 'pending', settled_at = NULL, error = NULL, failures = 0, next_attempt_at = now()
WHERE tenant_id = :tenant_id AND delivery_id = :delivery_id
