DELETE FROM file WHERE tenant_id = :tenant_id AND file_id = :file_id AND expires_at > now() RETURNING object_key
