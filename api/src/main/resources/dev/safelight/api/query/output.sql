SELECT object_key, content_type, bytes, encode(sha256, 'hex') AS sha256, expires_at,
       coalesce(expires_at <= now(), false) AS expired,
       least(coalesce(floor(extract(epoch FROM expires_at - now())), 31536000), 31536000)::bigint AS seconds_left
FROM job_output
WHERE tenant_id = :tenant_id AND job_id = :job_id AND ordinal = :ordinal
