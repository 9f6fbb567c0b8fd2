SELECT *
FROM api_key
WHERE :tenant_id::text IS NULL OR tenant_id = :tenant_id
ORDER BY tenant_id, created_at, key_id
