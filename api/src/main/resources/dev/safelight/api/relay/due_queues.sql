-- The queues that have live workers and a job that could be released, with what those workers can hold.
-- An idle system answers this from one small table and one partial index.
SELECT served.queue,
       sum(worker.slots)::int                AS slots,
       sum(worker.headroom)::int             AS headroom,
       array_agg(worker.worker_id)           AS workers
FROM worker
CROSS JOIN LATERAL unnest(worker.queues) AS served (queue)
WHERE NOT worker.draining
  AND NOT EXISTS (SELECT FROM queue WHERE queue.queue = served.queue AND queue.state = 'paused')
  AND worker.beat_at > now() - make_interval(secs => :timeout)
GROUP BY served.queue
HAVING EXISTS (
    SELECT FROM job
    WHERE job.queue = served.queue
      AND job.state = 'queued'
      AND job.available_at <= now()
      AND (job.released_at IS NULL OR job.released_at < now() - make_interval(secs => :stale)))
