UPDATE api_key
SET last_used_on = current_date
WHERE key_id = :key_id AND last_used_on IS DISTINCT FROM current_date
