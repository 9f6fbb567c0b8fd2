-- Whoever comes second finds the first one's.
INSERT INTO webhook_secret (tenant_id, secret_id, endpoint_id, sealed)
VALUES (:tenant_id, :secret_id, :endpoint_id, :sealed)
ON CONFLICT DO NOTHING
