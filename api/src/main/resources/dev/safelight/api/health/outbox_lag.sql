-- How long the oldest job of a queue has waited for its release although a worker had room for it all the while, as far
-- as can be told now: nought where all workers are busy, because a backlog is not a lag.
SELECT served.queue,
       CASE WHEN served.room > (SELECT count(*) FROM job WHERE queue = served.queue AND state = 'running')
                             + (SELECT count(*) FROM job WHERE queue = served.queue AND released_at IS NOT NULL)
            THEN coalesce((SELECT extract(epoch FROM now() - min(available_at))
                           FROM job
                           WHERE queue = served.queue AND state = 'queued' AND released_at IS NULL
                             AND available_at <= now()), 0)
            ELSE 0 END AS lag_seconds
FROM (SELECT queue, sum(slots) AS room
      FROM worker
      CROSS JOIN LATERAL unnest(queues) AS queue
      WHERE NOT draining AND beat_at > now() - interval '15 seconds'
      GROUP BY queue) AS served
