SELECT job.*,
       (SELECT json_agg(json_build_object(
                   'ordinal', ordinal, 'contentType', content_type, 'width', width, 'height', height,
                   'bytes', bytes, 'sha256', encode(sha256, 'hex'), 'seed', seed,
                   'expiresAt', expires_at, 'expired', expires_at <= now()) ORDER BY ordinal)
        FROM job_output
        WHERE job_output.tenant_id = job.tenant_id AND job_output.job_id = job.job_id) AS outputs,
       (SELECT json_agg(json_build_object(
                   'ordinal', ordinal, 'verdict', verdict, 'score', score, 'reason', reason, 'seed', seed) ORDER BY ordinal)
        FROM output_review
        WHERE output_review.tenant_id = job.tenant_id AND output_review.job_id = job.job_id) AS reviews
FROM job
WHERE tenant_id = :tenant_id AND job_id = :job_id
