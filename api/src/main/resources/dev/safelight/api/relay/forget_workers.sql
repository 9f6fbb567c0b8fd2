DELETE FROM worker WHERE beat_at < now() - make_interval(secs => :after)
