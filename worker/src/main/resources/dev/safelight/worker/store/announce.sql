INSERT INTO worker (worker_id, host, device, queues, models, slots, headroom, running, draining)
VALUES (:id, :host, :device, :queues::text[], :models::text[], :slots, :headroom, :running, :draining)
ON CONFLICT (worker_id) DO UPDATE
SET models = excluded.models, running = excluded.running, draining = excluded.draining, beat_at = now()
