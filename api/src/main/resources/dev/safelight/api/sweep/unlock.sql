SELECT pg_advisory_unlock(hashtext('safelight.sweep'), 0)
