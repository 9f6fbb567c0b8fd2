DELETE FROM file
USING (SELECT tenant_id, file_id
       FROM file
       WHERE expires_at <= now()
       ORDER BY expires_at
       LIMIT :most
       FOR UPDATE SKIP LOCKED) AS due
WHERE file.tenant_id = due.tenant_id AND file.file_id = due.file_id
RETURNING file.object_key
