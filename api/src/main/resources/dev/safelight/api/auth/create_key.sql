INSERT INTO api_key (tenant_id, key_id, name, sha256, scopes, expires_at)
SELECT tenant_id, :key_id, :name, :sha256, :scopes::text[], :expires_at::timestamptz
FROM tenant
WHERE tenant_id = :tenant_id
RETURNING *
