-- Nothing where the tenant has as many as it may.
INSERT INTO file (tenant_id, file_id, object_key, content_type, width, height, bytes, sha256, expires_at)
SELECT :tenant_id, :file_id, :object_key, :content_type, :width, :height, :bytes, decode(:sha256, 'hex'),
       now() + make_interval(secs => :expires_in)
WHERE (SELECT count(*) FROM file WHERE tenant_id = :tenant_id AND expires_at > now()) < :most
RETURNING file_id, object_key, content_type, width, height, bytes, encode(sha256, 'hex') AS sha256, created_at, expires_at
