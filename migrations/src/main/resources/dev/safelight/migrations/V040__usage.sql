-- What each tenant used, by day in UTC. Counted by a trigger, in the transaction that ends an attempt or a job: every
-- statement that ends one counts, also those of an older version that runs beside this one, and each end counts once.

-- What the current attempt, or the last one, took. A beat writes it as it grows, so that of an attempt whose worker dies
-- all but the last second is known.
ALTER TABLE job ADD COLUMN evaluations bigint NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN device_seconds double precision NOT NULL DEFAULT 0;
-- Not for the rows that are there: nobody waits for a look at a large table.
ALTER TABLE job ADD CONSTRAINT job_usage CHECK (evaluations >= 0 AND device_seconds >= 0) NOT VALID;

CREATE TABLE usage_day (
    tenant_id      text             NOT NULL,
    day            date             NOT NULL,
    shard          smallint         NOT NULL, -- connections that end jobs at once do not wait for each other's fsync
    succeeded      bigint           NOT NULL,
    failed         bigint           NOT NULL,
    canceled       bigint           NOT NULL,
    expired        bigint           NOT NULL,
    images         bigint           NOT NULL,
    evaluations    bigint           NOT NULL,
    device_seconds double precision NOT NULL,
    PRIMARY KEY (tenant_id, day, shard)
) WITH (fillfactor = 50); -- rewritten in place with each end

CREATE FUNCTION begin_attempt_usage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.evaluations := 0;
    NEW.device_seconds := 0;
    RETURN NEW;
END $$;

CREATE TRIGGER job_usage_begins BEFORE UPDATE OF state ON job
    FOR EACH ROW WHEN (OLD.state = 'queued' AND NEW.state = 'running')
    EXECUTE FUNCTION begin_attempt_usage();

CREATE FUNCTION count_usage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO usage_day AS total
        (tenant_id, day, shard, succeeded, failed, canceled, expired, images, evaluations, device_seconds)
    VALUES (NEW.tenant_id, (now() AT TIME ZONE 'UTC')::date, pg_backend_pid() % 16,
            (NEW.state = 'succeeded')::int, (NEW.state = 'failed')::int, (NEW.state = 'canceled')::int,
            (NEW.state = 'expired')::int,
            CASE NEW.state WHEN 'succeeded'
                THEN (SELECT count(*) FROM job_output WHERE tenant_id = NEW.tenant_id AND job_id = NEW.job_id) ELSE 0 END,
            CASE OLD.state WHEN 'running' THEN NEW.evaluations ELSE 0 END,
            CASE OLD.state WHEN 'running' THEN NEW.device_seconds ELSE 0 END)
    ON CONFLICT (tenant_id, day, shard) DO UPDATE
    SET succeeded = total.succeeded + excluded.succeeded,
        failed = total.failed + excluded.failed,
        canceled = total.canceled + excluded.canceled,
        expired = total.expired + excluded.expired,
        images = total.images + excluded.images,
        evaluations = total.evaluations + excluded.evaluations,
        device_seconds = total.device_seconds + excluded.device_seconds;
    RETURN NULL;
END $$;

-- After the row and, as triggers go, after the whole statement: the outputs that it inserts are there to be counted.
CREATE TRIGGER job_usage_counts AFTER UPDATE OF state ON job
    FOR EACH ROW WHEN (OLD.state <> NEW.state AND NEW.state <> 'running')
    EXECUTE FUNCTION count_usage();
