-- Who may call the API. The key itself is shown once and never stored; its digest is enough to know it again.
CREATE TABLE api_key (
    tenant_id    text        NOT NULL REFERENCES tenant,
    key_id       text        NOT NULL CHECK (key_id ~ '^[0-9a-z]{10}$'), -- the readable part of the key
    name         text        NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    sha256       bytea       NOT NULL CHECK (length(sha256) = 32),
    scopes       text[]      NOT NULL CHECK (cardinality(scopes) > 0), -- a process ignores those it does not know
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz,
    revoked_at   timestamptz,
    replaced_by  text,                                                   -- the key that a rotation made of it
    last_used_on date,
    PRIMARY KEY (tenant_id, key_id),
    -- A request brings the id and not the tenant.
    CONSTRAINT api_key_id UNIQUE (key_id)
);
