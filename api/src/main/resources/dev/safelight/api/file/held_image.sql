-- Held for long enough that nobody removes it meanwhile: a popular image is not written to with each job.
SELECT object_key
FROM input_image
WHERE tenant_id = :tenant_id AND sha256 = decode(:sha256, 'hex') AND kept_until > now() + make_interval(secs => :seconds)
