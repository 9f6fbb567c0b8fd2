-- Both parts see the rows as they were before: the keys of the outputs are read although the job takes them along.
WITH gone AS (
    DELETE FROM job
    WHERE tenant_id = :tenant_id AND job_id = :job_id AND state NOT IN ('queued', 'running')
    RETURNING job_id
)
SELECT EXISTS (SELECT FROM gone) AS gone,
       ARRAY(SELECT object_key
             FROM job_output
             WHERE tenant_id = :tenant_id AND job_id = :job_id
             ORDER BY ordinal) AS object_keys
