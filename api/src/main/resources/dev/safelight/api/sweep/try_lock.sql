SELECT pg_try_advisory_lock(hashtext('safelight.sweep'), 0)
