-- Postgres's clock decides, so that all processes agree.
SELECT api_key.tenant_id, api_key.sha256, api_key.scopes, api_key.revoked_at IS NOT NULL AS revoked,
       extract(epoch FROM api_key.expires_at - now()) AS seconds_left,
       api_key.last_used_on IS NOT DISTINCT FROM current_date AS used_today,
       tenant.requests_per_second, tenant.burst
FROM api_key
JOIN tenant USING (tenant_id)
WHERE api_key.key_id = :key_id
