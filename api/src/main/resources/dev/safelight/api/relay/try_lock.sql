-- One relay at a time releases a queue's jobs: two would each fill the window.
SELECT set_config('synchronous_commit', 'off', true) IS NOT NULL
   AND pg_try_advisory_xact_lock(hashtext('safelight.relay'), hashtext(:queue))
