INSERT INTO queue (queue, state)
VALUES (:queue, :state)
ON CONFLICT (queue) DO UPDATE
SET state = excluded.state,
    changed_at = CASE WHEN queue.state = excluded.state THEN queue.changed_at ELSE now() END
