SELECT object_key FROM input_image WHERE tenant_id = :tenant AND sha256 = decode(:sha256, 'hex')
