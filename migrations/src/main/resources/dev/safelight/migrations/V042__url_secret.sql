-- What URLs of outputs are signed with where the configuration names no secret, so that all API processes agree. The
-- newest signs, the two newest verify: a new row is a rotation. Belongs to no tenant.
CREATE TABLE url_secret (
    secret_id  integer     PRIMARY KEY,
    secret     bytea       NOT NULL CHECK (length(secret) >= 32),
    created_at timestamptz NOT NULL DEFAULT now()
);
