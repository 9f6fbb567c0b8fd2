-- Images that no job will ever be made from: nobody holds them, and the jobs that name them are gone, or have ended and
-- their own time is over. The row goes first, as with uploads.
DELETE FROM input_image
USING (SELECT tenant_id, sha256
       FROM input_image AS image
       WHERE kept_until <= now()
         AND NOT EXISTS (
             SELECT
             FROM job
             LEFT JOIN tenant USING (tenant_id)
             WHERE job.tenant_id = image.tenant_id
               AND (job.input ->> 'image' = 'sha256:' || encode(image.sha256, 'hex')
                    OR job.input ->> 'mask' = 'sha256:' || encode(image.sha256, 'hex'))
               AND (job.finished_at IS NULL
                    OR coalesce(job.expires_in, tenant.outputs_expire_in) IS NULL
                    OR job.finished_at + make_interval(secs => coalesce(job.expires_in, tenant.outputs_expire_in)) > now()))
       ORDER BY kept_until
       LIMIT :most
       FOR UPDATE OF image SKIP LOCKED) AS due
WHERE input_image.tenant_id = due.tenant_id AND input_image.sha256 = due.sha256 AND input_image.kept_until <= now()
RETURNING input_image.object_key
