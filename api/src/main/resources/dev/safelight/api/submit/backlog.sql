SELECT count(*) FROM (SELECT FROM job WHERE state = 'queued' LIMIT :most) AS waiting
