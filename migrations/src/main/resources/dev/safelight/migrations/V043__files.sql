-- Images that clients bring along. A row goes before its object, so that what is listed can be had; an object without a
-- row is swept.
CREATE TABLE file (
    tenant_id    text        NOT NULL,
    file_id      uuid        NOT NULL, -- version 7: sorts by age
    object_key   text        NOT NULL,
    content_type text        NOT NULL,
    width        integer     NOT NULL CHECK (width > 0),
    height       integer     NOT NULL CHECK (height > 0),
    bytes        bigint      NOT NULL CHECK (bytes > 0),
    sha256       bytea       NOT NULL CHECK (length(sha256) = 32),
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, file_id)
);
CREATE INDEX file_expiring ON file (expires_at);
