WITH pauses AS (
    DELETE FROM webhook_pause WHERE until < now()
)
DELETE FROM webhook_secret WHERE ends_at < now()
