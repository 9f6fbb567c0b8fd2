SELECT file_id, object_key, content_type, width, height, bytes, encode(sha256, 'hex') AS sha256, created_at, expires_at
FROM file
WHERE tenant_id = :tenant_id AND file_id = :file_id AND expires_at > now()
