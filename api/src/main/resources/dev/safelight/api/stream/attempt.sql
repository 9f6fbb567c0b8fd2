-- The attempt that a client knows to be running: the last thing it heard was that it started.
SELECT CASE type WHEN 'started' THEN attempt ELSE 0 END
FROM job_event
WHERE tenant_id = :tenant_id AND job_id = :job_id AND event_id <= :position
ORDER BY event_id DESC
LIMIT 1
