SELECT * FROM webhook_endpoint WHERE tenant_id = :tenant_id ORDER BY endpoint_id
