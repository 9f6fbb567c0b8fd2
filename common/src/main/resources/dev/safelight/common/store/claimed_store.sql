SELECT identity FROM object_store
