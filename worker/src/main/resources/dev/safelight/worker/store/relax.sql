-- For writes that are harmless to lose: this transaction commits without waiting for the disk.
SELECT set_config('synchronous_commit', 'off', true)
