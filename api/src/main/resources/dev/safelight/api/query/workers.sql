SELECT worker_id, host, device, queues, models, slots, headroom, running, draining, started_at, beat_at,
       beat_at > now() - interval '15 seconds' AS live
FROM worker
ORDER BY started_at, worker_id
