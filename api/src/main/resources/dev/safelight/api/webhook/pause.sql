INSERT INTO webhook_pause (target, until) VALUES (:target, now() + make_interval(secs => :seconds))
ON CONFLICT (target) DO UPDATE SET until = greatest(webhook_pause.until, excluded.until)
