-- Each event looks at all of a tenant's endpoints, so there is a bound.
INSERT INTO webhook_endpoint (tenant_id, endpoint_id, url, description, events)
SELECT :tenant_id, :endpoint_id, :url, :description, :events::text[]
WHERE (SELECT count(*) FROM webhook_endpoint WHERE tenant_id = :tenant_id) < :most
RETURNING *
