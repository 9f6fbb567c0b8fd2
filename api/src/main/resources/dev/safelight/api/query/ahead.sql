-- Who is taken before this job, counted up to a bound. Two walks of the index instead of an OR over it.
SELECT count(*)::integer
FROM (
    SELECT FROM (
        SELECT FROM job
        WHERE queue = :queue AND state = 'queued' AND priority > :priority
        LIMIT :most) AS more_urgent
    UNION ALL
    SELECT FROM (
        SELECT FROM job
        WHERE queue = :queue AND state = 'queued' AND priority = :priority AND job_id < :job_id
        LIMIT :most) AS older
    LIMIT :most) AS ahead
