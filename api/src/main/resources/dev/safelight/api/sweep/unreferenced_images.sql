-- Which of these objects no row refers to: the process died before it had written the row or removed the object, or
-- somebody else had kept the same image a moment before.
SELECT found.path
FROM unnest(CAST(:paths AS text[]), CAST(:tenants AS text[]), CAST(:digests AS text[])) AS found (path, tenant_id, digest)
LEFT JOIN input_image AS image
    ON image.tenant_id = found.tenant_id AND image.sha256 = decode(found.digest, 'hex') AND image.object_key = found.path
WHERE image.sha256 IS NULL
