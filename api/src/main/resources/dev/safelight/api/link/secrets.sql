SELECT secret FROM url_secret ORDER BY secret_id DESC LIMIT 2
