-- Of processes that start at once the first one decides.
INSERT INTO url_secret (secret_id, secret) VALUES (1, :secret) ON CONFLICT DO NOTHING
