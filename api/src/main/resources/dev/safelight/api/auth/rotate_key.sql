-- The old key goes on for the overlap, or until it would have expired anyway; the new one lives as long as the old one was
-- meant to. One statement: two rotations of one key at once make one new key.
WITH old AS (
    SELECT *
    FROM api_key
    WHERE key_id = :old_key_id AND revoked_at IS NULL AND replaced_by IS NULL
      AND (expires_at IS NULL OR expires_at > now())
    FOR UPDATE
), ending AS (
    UPDATE api_key
    SET expires_at = least(old.expires_at, now() + make_interval(secs => :overlap)), replaced_by = :key_id
    FROM old
    WHERE api_key.key_id = old.key_id
)
INSERT INTO api_key (tenant_id, key_id, name, sha256, scopes, expires_at)
SELECT tenant_id, :key_id, name, :sha256, scopes, now() + (expires_at - created_at)
FROM old
RETURNING *
