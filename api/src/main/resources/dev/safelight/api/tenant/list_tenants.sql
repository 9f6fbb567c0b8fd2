SELECT * FROM tenant ORDER BY tenant_id
