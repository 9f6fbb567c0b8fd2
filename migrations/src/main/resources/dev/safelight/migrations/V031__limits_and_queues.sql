-- What a tenant may take. Null is no limit.
ALTER TABLE tenant
    ADD COLUMN requests_per_second real    CHECK (requests_per_second > 0),
    ADD COLUMN burst               integer CHECK (burst >= 1),
    ADD COLUMN most_running        integer CHECK (most_running >= 0),
    ADD COLUMN most_queued         integer CHECK (most_queued >= 0);

-- The longest run, from the first start on; null for one without.
ALTER TABLE job
    ADD COLUMN timeout_seconds integer CHECK (timeout_seconds >= 1);

-- A tenant's backlog is counted near its limit only. Queues and priorities are few and tenants may be many.
CREATE INDEX job_backlog ON job (tenant_id) WHERE state = 'queued';

-- What an operator has said of a queue; one without a row is open. Belongs to no tenant.
CREATE TABLE queue (
    queue      text        PRIMARY KEY,
    state      text        NOT NULL CHECK (state IN (
                   'open',
                   'paused',    -- nothing is released; submits are accepted and wait
                   'draining')), -- no submits; what is queued runs
    changed_at timestamptz NOT NULL DEFAULT now()
);
