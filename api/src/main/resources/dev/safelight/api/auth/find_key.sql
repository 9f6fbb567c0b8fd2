-- Postgres's clock decides, so that all processes agree.
SELECT tenant_id, sha256, scopes, revoked_at IS NOT NULL AS revoked,
       extract(epoch FROM expires_at - now()) AS seconds_left,
       last_used_on IS NOT DISTINCT FROM current_date AS used_today
FROM api_key
WHERE key_id = :key_id
