-- How long the oldest due delivery has waited; null when none is due. An idle system asks nothing else.
SELECT extract(epoch FROM now() - min(next_attempt_at))::double precision
FROM webhook_delivery
WHERE state = 'pending' AND next_attempt_at <= now()
