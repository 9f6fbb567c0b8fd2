SELECT * FROM webhook_endpoint WHERE tenant_id = :tenant_id AND endpoint_id = :endpoint_id
