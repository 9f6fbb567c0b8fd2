UPDATE api_key
SET revoked_at = coalesce(revoked_at, now())
WHERE key_id = :key_id
RETURNING *
