-- Somebody may have kept the same image meanwhile: then theirs is the one, and its key comes back.
INSERT INTO input_image (tenant_id, sha256, object_key, width, height, bytes, kept_until)
VALUES (:tenant_id, decode(:sha256, 'hex'), :object_key, :width, :height, :bytes,
        now() + make_interval(secs => :seconds))
ON CONFLICT (tenant_id, sha256) DO UPDATE
SET kept_until = greatest(input_image.kept_until, excluded.kept_until)
RETURNING object_key
