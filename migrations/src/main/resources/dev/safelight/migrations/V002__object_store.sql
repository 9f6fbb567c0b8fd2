-- Which object store holds the outputs of this database: one row, written by the first process that starts, compared
-- by all others. Belongs to no tenant.
CREATE TABLE object_store (
    single     boolean     PRIMARY KEY DEFAULT true CHECK (single),
    identity   text        NOT NULL,
    claimed_at timestamptz NOT NULL DEFAULT now()
);
