-- How many jobs a second each queue gets done: what each running job has done of itself, by the time it took.
SELECT queue,
       sum(step::double precision / steps / greatest(extract(epoch FROM now() - started_at), 0.1)) AS jobs_a_second
FROM job
WHERE state = 'running'
GROUP BY queue
