SELECT sealed
FROM webhook_secret
WHERE tenant_id = :tenant_id AND endpoint_id IS NOT DISTINCT FROM :endpoint_id
  AND (ends_at IS NULL OR ends_at > now())
ORDER BY created_at DESC
