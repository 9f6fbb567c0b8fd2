INSERT INTO object_store (identity) VALUES (:identity) ON CONFLICT DO NOTHING
