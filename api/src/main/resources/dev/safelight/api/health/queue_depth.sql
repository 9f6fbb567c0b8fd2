SELECT queue, priority, count(*) AS jobs, extract(epoch FROM now() - min(created_at)) AS oldest_seconds
FROM job
WHERE state = 'queued'
GROUP BY queue, priority
