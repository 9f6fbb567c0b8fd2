-- Relays of two queues must not both give a tenant its last place. Whoever comes second lets the tenant wait for its next look.
SELECT tenant_id
FROM unnest(:tenants::text[]) AS limited (tenant_id)
WHERE pg_try_advisory_xact_lock(hashtext('safelight.running'), hashtext(tenant_id))
