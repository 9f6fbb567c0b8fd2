-- The current secret goes on signing beside its successor for a while. An earlier one that still does keeps its end.
UPDATE webhook_secret
SET ends_at = now() + make_interval(secs => :overlap)
WHERE tenant_id = :tenant_id AND endpoint_id IS NOT DISTINCT FROM :endpoint_id AND ends_at IS NULL
RETURNING ends_at
