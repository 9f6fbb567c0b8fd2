-- Queues that somebody serves, that hold a job or that were spoken of.
WITH waiting AS (
    SELECT queue, count(*) AS queued FROM job WHERE state = 'queued' GROUP BY queue
), busy AS (
    SELECT queue, count(*) AS running FROM job WHERE state = 'running' GROUP BY queue
), served AS (
    SELECT DISTINCT unnest(queues) AS queue FROM worker
)
SELECT queue, coalesce(queue.state, 'open') AS state, queue.changed_at,
       coalesce(waiting.queued, 0) AS queued, coalesce(busy.running, 0) AS running
FROM queue
FULL JOIN waiting USING (queue)
FULL JOIN busy USING (queue)
FULL JOIN served USING (queue)
ORDER BY queue
