SELECT pg_advisory_xact_lock(hashtext('safelight.backlog'), hashtext(?))
