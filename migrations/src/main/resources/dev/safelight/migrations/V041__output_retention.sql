-- How long images are kept. Constraints on tables that may be large are NOT VALID: what is new is checked, and nobody
-- waits for a look at every old row.

-- Seconds after their making; null keeps them until the job is deleted.
ALTER TABLE tenant ADD COLUMN outputs_expire_in integer CHECK (outputs_expire_in > 0);
ALTER TABLE job ADD COLUMN expires_in integer;
ALTER TABLE job ADD CONSTRAINT job_expires_in CHECK (expires_in > 0) NOT VALID;

ALTER TABLE job_output ADD COLUMN expires_at timestamptz; -- from then on nobody gets it
ALTER TABLE job_output ADD COLUMN swept_at timestamptz;   -- and since then its object may be removed
ALTER TABLE job_output ADD CONSTRAINT job_output_swept CHECK (swept_at IS NULL OR expires_at IS NOT NULL) NOT VALID;
CREATE INDEX job_output_expiring ON job_output (expires_at) WHERE expires_at IS NOT NULL AND swept_at IS NULL;

-- Here and not in the statement that completes a job: a worker of an older version keeps the promise too.
CREATE FUNCTION set_output_expiry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT now() + make_interval(secs => coalesce(job.expires_in, tenant.outputs_expire_in))
    INTO NEW.expires_at
    FROM job
    LEFT JOIN tenant USING (tenant_id)
    WHERE job.tenant_id = NEW.tenant_id AND job.job_id = NEW.job_id;
    RETURN NEW;
END $$;

CREATE TRIGGER job_output_expiry BEFORE INSERT ON job_output
    FOR EACH ROW EXECUTE FUNCTION set_output_expiry();
