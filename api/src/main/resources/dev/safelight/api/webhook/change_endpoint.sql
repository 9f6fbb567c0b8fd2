-- A null leaves the column as it is; an empty description removes it.
UPDATE webhook_endpoint
SET url = coalesce(:url, url),
    description = CASE WHEN :description::text IS NULL THEN description ELSE nullif(:description, '') END,
    events = coalesce(:events::text[], events),
    disabled_at = CASE WHEN :enable THEN NULL ELSE disabled_at END,
    disabled_reason = CASE WHEN :enable THEN NULL ELSE disabled_reason END
WHERE tenant_id = :tenant_id AND endpoint_id = :endpoint_id
RETURNING *
