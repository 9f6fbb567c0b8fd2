INSERT INTO tenant (tenant_id) VALUES (:tenant_id) ON CONFLICT DO NOTHING
