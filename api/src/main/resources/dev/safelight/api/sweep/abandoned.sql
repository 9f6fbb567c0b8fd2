-- Which of these objects no row will ever refer to. One statement, so that a job's state and its outputs are seen at
-- the same moment; each reason is for ever, so that nothing can change between the answer and the deletion: a deleted
-- job does not come back, a terminal one gets no more outputs, an attempt that is not the newest has lost, and an expired
-- output stays expired.
SELECT found.path
FROM unnest(CAST(:paths AS text[]), CAST(:tenants AS text[]), CAST(:jobs AS uuid[]), CAST(:attempts AS integer[]))
         AS found (path, tenant_id, job_id, attempt)
LEFT JOIN job USING (tenant_id, job_id)
WHERE (job.job_id IS NULL
       OR job.state NOT IN ('queued', 'running')
       OR found.attempt < job.attempt)
  AND NOT EXISTS (SELECT FROM job_output AS output
                  WHERE output.tenant_id = found.tenant_id
                    AND output.job_id = found.job_id
                    AND output.object_key = found.path
                    AND output.swept_at IS NULL)
