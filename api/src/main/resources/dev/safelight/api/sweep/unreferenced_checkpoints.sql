SELECT found.path
FROM unnest(CAST(:paths AS text[])) AS found (path)
WHERE NOT EXISTS (SELECT FROM checkpoint WHERE checkpoint.object_key = found.path)
