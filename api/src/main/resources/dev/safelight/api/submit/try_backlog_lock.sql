-- Near its limit one group at a time counts a tenant's jobs and adds to them. What cannot be locked waits for its turn in
-- Java, so a group never waits for one lock while it holds another.
SELECT tenant_id
FROM unnest(?::text[]) AS limited (tenant_id)
WHERE pg_try_advisory_xact_lock(hashtext('safelight.backlog'), hashtext(tenant_id))
