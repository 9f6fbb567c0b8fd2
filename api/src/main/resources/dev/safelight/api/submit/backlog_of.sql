-- No more than the limit is counted: that is full, however much there is.
SELECT tenant.most_queued,
       (SELECT count(*)
        FROM (SELECT FROM job WHERE job.tenant_id = tenant.tenant_id AND job.state = 'queued' LIMIT tenant.most_queued)
             AS waiting) AS queued
FROM tenant
WHERE tenant_id = :tenant_id AND most_queued IS NOT NULL
