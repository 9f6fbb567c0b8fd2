SELECT object_key, content_type, bytes, encode(sha256, 'hex') AS sha256
FROM job_output
WHERE tenant_id = :tenant_id AND job_id = :job_id AND ordinal = :ordinal
