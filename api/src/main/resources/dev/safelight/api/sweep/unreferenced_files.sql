-- Which of these objects no row refers to: their upload died on the way, or their row is gone.
SELECT found.path
FROM unnest(CAST(:paths AS text[]), CAST(:tenants AS text[]), CAST(:files AS uuid[])) AS found (path, tenant_id, file_id)
LEFT JOIN file USING (tenant_id, file_id)
WHERE file.file_id IS NULL
