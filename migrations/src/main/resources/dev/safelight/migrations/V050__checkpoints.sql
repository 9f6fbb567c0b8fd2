-- Where the walks of a running job are, so that another worker can go on from there. Unlogged: writing it costs no log
-- and no flush, and a Postgres that crashed finds it empty, after which the jobs start over.
CREATE UNLOGGED TABLE checkpoint (
    tenant_id  text        NOT NULL,
    job_id     uuid        NOT NULL,
    attempt    integer     NOT NULL CHECK (attempt >= 1),
    advance    bigint      NOT NULL CHECK (advance >= 0),  -- grows within an attempt: of two writes the later one stays
    content    bytea,                                      -- null where it lies in the object store
    object_key text,
    saved_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, job_id),
    CONSTRAINT checkpoint_somewhere CHECK ((content IS NULL) <> (object_key IS NULL))
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
-- Latents are noise: no time is to be spent on compressing them.
ALTER TABLE checkpoint ALTER COLUMN content SET STORAGE EXTERNAL;
-- What the store holds for a checkpoint, for the sweeper.
CREATE INDEX checkpoint_object ON checkpoint (object_key) WHERE object_key IS NOT NULL;

-- The step that the job's present attempt went on from; null when it began with noise.
ALTER TABLE job ADD COLUMN resumed_from_step integer CHECK (resumed_from_step >= 0);

-- A job has no checkpoint once it has ended, whoever ended it.
CREATE FUNCTION forget_checkpoint() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM checkpoint WHERE tenant_id = NEW.tenant_id AND job_id = NEW.job_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER job_forgets_checkpoint
    AFTER UPDATE OF state ON job
    FOR EACH ROW
    WHEN (OLD.state IN ('queued', 'running') AND NEW.state NOT IN ('queued', 'running'))
    EXECUTE FUNCTION forget_checkpoint();
