-- Keeps an image for a while longer, if it is there still. Who removes it looks at the time again once it has the row.
UPDATE input_image
SET kept_until = greatest(kept_until, now() + make_interval(secs => :seconds))
WHERE tenant_id = :tenant_id AND sha256 = decode(:sha256, 'hex')
RETURNING object_key
