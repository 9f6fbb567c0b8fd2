UPDATE webhook_progress_turn
SET taken_at = now()
WHERE taken_at <= now() - make_interval(secs => :interval)
