-- State, outputs and events in one transaction. Matches nothing when the attempt is no longer the job's.
WITH done AS (
    UPDATE job
    SET state = 'succeeded', step = steps, finished_at = now(), owner = NULL, lease_until = NULL, alone = false, error = NULL,
        evaluations = :evaluations, device_seconds = :device_seconds
    WHERE tenant_id = :tenant AND job_id = :job AND attempt = :attempt AND owner = :owner AND state = 'running'
    RETURNING tenant_id, job_id, attempt
), outputs AS (
    INSERT INTO job_output
        (tenant_id, job_id, ordinal, attempt, object_key, content_type, width, height, bytes, sha256, seed)
    SELECT done.tenant_id, done.job_id, picture.ordinal, done.attempt, picture.object_key, picture.content_type,
           picture.width, picture.height, picture.bytes, decode(picture.sha256, 'hex'), picture.seed
    FROM done
    CROSS JOIN unnest(:ordinals::smallint[], :keys::text[], :content_types::text[], :widths::int[], :heights::int[],
                      :sizes::bigint[], :digests::text[], :seeds::bigint[])
        AS picture (ordinal, object_key, content_type, width, height, bytes, sha256, seed)
    RETURNING tenant_id, job_id, ordinal, attempt
), reviews AS (
    INSERT INTO output_review (tenant_id, job_id, ordinal, verdict, score, reason, seed)
    SELECT done.tenant_id, done.job_id, review.ordinal, review.verdict, review.score, review.reason, review.seed
    FROM done
    CROSS JOIN unnest(:reviewed::smallint[], :verdicts::text[], :scores::float8[], :reasons::text[], :reviewed_seeds::bigint[])
        AS review (ordinal, verdict, score, reason, seed)
    RETURNING tenant_id, job_id, ordinal, verdict
), told AS (
    INSERT INTO job_event (tenant_id, job_id, type, attempt, data)
    SELECT tenant_id, job_id, type, attempt, data
    FROM (SELECT tenant_id, job_id, 'output' AS type, attempt, jsonb_build_object('ordinal', ordinal) AS data, ordinal
          FROM outputs
          UNION ALL
          -- Clients that follow the job hear of a picture that they will not get, too.
          SELECT reviews.tenant_id, reviews.job_id, 'output', done.attempt, jsonb_build_object('ordinal', ordinal), ordinal
          FROM reviews CROSS JOIN done
          WHERE verdict = 'withheld'
          UNION ALL
          SELECT tenant_id, job_id, 'succeeded', attempt, NULL, 32767 FROM done) AS event
    ORDER BY ordinal
)
SELECT count(*)::int FROM done
