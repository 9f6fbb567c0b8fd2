-- The queue. Postgres is the truth; Kafka only carries ids. Each state's rules are CHECKs, so that no bug can store a
-- job that the state machine does not know.

CREATE TABLE tenant (
    tenant_id  text PRIMARY KEY CHECK (tenant_id ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
    weight     real NOT NULL DEFAULT 1 CHECK (weight > 0),
    created_at timestamptz NOT NULL DEFAULT now()
);

INSERT INTO tenant (tenant_id) VALUES ('default');

-- A job is its own outbox: while it is queued, released_at says whether a record for it has gone to Kafka.
-- No foreign key to tenant: every insert of a tenant would lock the same row, and the API knows its tenants.
CREATE TABLE job (
    tenant_id           text        NOT NULL,
    job_id              uuid        NOT NULL,              -- version 7: sorts by age
    retry_of            uuid,
    queue               text        NOT NULL,
    model               text        NOT NULL,
    bundle              text        NOT NULL,              -- content hash that the request was validated against
    priority            smallint    NOT NULL DEFAULT 1 CHECK (priority BETWEEN 0 AND 2),
    input               jsonb       NOT NULL,              -- resolved: every default filled in
    metadata            jsonb,
    idempotency_key     text,
    request_hash        bytea,
    traceparent         text,

    state               text        NOT NULL DEFAULT 'queued',
    created_at          timestamptz NOT NULL DEFAULT now(),
    available_at        timestamptz NOT NULL DEFAULT now(), -- not released before: the backoff of a retry
    deadline            timestamptz,                        -- latest start
    released_at         timestamptz,
    express             boolean     NOT NULL DEFAULT false, -- which lane it was last released to

    attempt             integer     NOT NULL DEFAULT 0 CHECK (attempt >= 0), -- the fence
    owner               uuid,
    lease_until         timestamptz,
    alone               boolean     NOT NULL DEFAULT false, -- this attempt shares its process with no other job
    crashes             integer     NOT NULL DEFAULT 0 CHECK (crashes >= 0), -- times a worker died with it
    strikes             integer     NOT NULL DEFAULT 0 CHECK (strikes >= 0), -- what counts towards max_attempts
    max_attempts        integer     NOT NULL DEFAULT 3 CHECK (max_attempts >= 1),
    step                integer     NOT NULL DEFAULT 0 CHECK (step >= 0),
    steps               integer     NOT NULL CHECK (steps >= 1),
    cancel_requested_at timestamptz,
    started_at          timestamptz,
    finished_at         timestamptz,
    error               jsonb,                              -- of the last failed attempt, or of the failed job

    PRIMARY KEY (tenant_id, job_id),

    CONSTRAINT job_state CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'canceled', 'expired')),
    CONSTRAINT job_lease CHECK ((state = 'running') = (owner IS NOT NULL) AND (state = 'running') = (lease_until IS NOT NULL)),
    CONSTRAINT job_running_started CHECK (state <> 'running' OR (attempt >= 1 AND started_at IS NOT NULL)),
    CONSTRAINT job_succeeded_started CHECK (state <> 'succeeded' OR (attempt >= 1 AND started_at IS NOT NULL AND error IS NULL)),
    CONSTRAINT job_failed_error CHECK (state <> 'failed' OR error IS NOT NULL),
    CONSTRAINT job_finished CHECK ((state IN ('queued', 'running')) = (finished_at IS NULL)),
    CONSTRAINT job_released CHECK (state = 'queued' OR released_at IS NULL),
    CONSTRAINT job_alone CHECK (state = 'running' OR NOT alone),
    CONSTRAINT job_expired_unstarted CHECK (state <> 'expired' OR (deadline IS NOT NULL AND started_at IS NULL)),
    CONSTRAINT job_idempotency CHECK ((idempotency_key IS NULL) = (request_hash IS NULL))
) WITH (fillfactor = 80); -- beats rewrite running rows in place

CREATE UNIQUE INDEX job_by_idempotency_key ON job (tenant_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
-- The relay's and the queue position's order: urgency, then tenant, then age.
CREATE INDEX job_queued ON job (queue, priority DESC, tenant_id, job_id) WHERE state = 'queued';
CREATE INDEX job_running ON job (queue, tenant_id, job_id) WHERE state = 'running';
-- What stands in Kafka unclaimed: never more than the relay's window, so the index stays a page.
CREATE INDEX job_released ON job (queue, released_at) WHERE released_at IS NOT NULL;
-- Deadlines of jobs that have not started; jobs without one cost nothing here.
CREATE INDEX job_deadline ON job (deadline) WHERE state = 'queued' AND deadline IS NOT NULL AND started_at IS NULL;
-- The dead letters are a query.
CREATE INDEX job_failed ON job (tenant_id, job_id) WHERE state = 'failed';

CREATE TABLE job_output (
    tenant_id    text     NOT NULL,
    job_id       uuid     NOT NULL,
    ordinal      smallint NOT NULL CHECK (ordinal >= 0),
    attempt      integer  NOT NULL CHECK (attempt >= 1),
    object_key   text     NOT NULL,
    content_type text     NOT NULL,
    width        integer  NOT NULL CHECK (width > 0),
    height       integer  NOT NULL CHECK (height > 0),
    bytes        bigint   NOT NULL CHECK (bytes > 0),
    sha256       bytea    NOT NULL CHECK (length(sha256) = 32),
    seed         bigint   NOT NULL,
    PRIMARY KEY (tenant_id, job_id, ordinal),
    FOREIGN KEY (tenant_id, job_id) REFERENCES job ON DELETE CASCADE
);

-- What happened to a job after it was accepted, in order; written in the transaction that makes it true.
CREATE TABLE job_event (
    tenant_id  text        NOT NULL,
    job_id     uuid        NOT NULL,
    event_id   bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    type       text        NOT NULL CHECK (type IN ('started', 'returned', 'output', 'succeeded', 'failed', 'canceled', 'expired')),
    attempt    integer     NOT NULL,
    data       jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, job_id, event_id),
    FOREIGN KEY (tenant_id, job_id) REFERENCES job ON DELETE CASCADE
);

-- One row a worker process, rewritten with each beat. Belongs to no tenant.
CREATE TABLE worker (
    worker_id  uuid        PRIMARY KEY,
    host       text        NOT NULL,
    device     text        NOT NULL,
    queues     text[]      NOT NULL,
    models     text[]      NOT NULL,
    slots      integer     NOT NULL CHECK (slots >= 1),     -- jobs of the regular lane at a time
    headroom   integer     NOT NULL CHECK (headroom >= 0),  -- jobs of the express lane beyond them
    running    integer     NOT NULL CHECK (running >= 0),
    draining   boolean     NOT NULL DEFAULT false,
    started_at timestamptz NOT NULL DEFAULT now(),
    beat_at    timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
