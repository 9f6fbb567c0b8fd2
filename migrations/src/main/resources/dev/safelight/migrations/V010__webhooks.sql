-- Webhooks: where to send, what is to be sent, and what became of it.

-- The webhook of one job: {"url", "events", "target"} and, where the client gave one, "secret" (sealed).
ALTER TABLE job ADD COLUMN webhook jsonb;

CREATE TABLE webhook_endpoint (
    tenant_id       text        NOT NULL,
    endpoint_id     uuid        NOT NULL,              -- version 7: sorts by age
    url             text        NOT NULL,
    description     text,
    events          text[]      NOT NULL
        CHECK (cardinality(events) > 0 AND events <@ ARRAY['started', 'progress', 'output', 'completed']),
    created_at      timestamptz NOT NULL DEFAULT now(),
    disabled_at     timestamptz,
    disabled_reason text CHECK (disabled_reason IN ('requested', 'gone')),
    PRIMARY KEY (tenant_id, endpoint_id),
    CONSTRAINT webhook_endpoint_disabled CHECK ((disabled_at IS NULL) = (disabled_reason IS NULL))
);

-- What an endpoint's messages are signed with or, where endpoint_id is null, those of the tenant's jobs that bring no
-- secret of their own. While secrets are rotated the old one signs too, until it ends.
CREATE TABLE webhook_secret (
    tenant_id   text        NOT NULL,
    secret_id   uuid        NOT NULL,
    endpoint_id uuid,
    sealed      text        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    ends_at     timestamptz,
    PRIMARY KEY (tenant_id, secret_id),
    FOREIGN KEY (tenant_id, endpoint_id) REFERENCES webhook_endpoint ON DELETE CASCADE
);
CREATE UNIQUE INDEX webhook_secret_current ON webhook_secret (tenant_id, endpoint_id) NULLS NOT DISTINCT
    WHERE ends_at IS NULL;
CREATE INDEX webhook_secret_by_endpoint ON webhook_secret (tenant_id, endpoint_id);

-- One message to one receiver. No foreign key to the endpoint: every delivery would lock its row. A null job_id is a
-- test. The target is whom a slow receiver may delay: an endpoint, or all of a tenant's job webhooks at one host and port.
CREATE TABLE webhook_delivery (
    tenant_id       text        NOT NULL,
    delivery_id     uuid        NOT NULL,              -- version 7: sorts by age
    job_id          uuid,
    endpoint_id     uuid,                              -- null: the job's own webhook
    event           text        NOT NULL CHECK (event IN ('started', 'output', 'completed', 'test')),
    occurred_at     timestamptz NOT NULL,
    target          text        NOT NULL,
    state           text        NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
    attempts        integer     NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    failures        integer     NOT NULL DEFAULT 0 CHECK (failures >= 0), -- place in the schedule; a replay starts it again
    next_attempt_at timestamptz NOT NULL DEFAULT now(), -- while an attempt runs: when it is given up as lost
    settled_at      timestamptz,
    error           text,                              -- why it failed
    PRIMARY KEY (tenant_id, delivery_id),
    FOREIGN KEY (tenant_id, job_id) REFERENCES job ON DELETE CASCADE,
    CONSTRAINT webhook_delivery_receiver CHECK (job_id IS NOT NULL OR endpoint_id IS NOT NULL),
    CONSTRAINT webhook_delivery_settled CHECK ((state = 'pending') = (settled_at IS NULL)),
    CONSTRAINT webhook_delivery_error CHECK ((state = 'failed') = (error IS NOT NULL))
) WITH (fillfactor = 80);

CREATE INDEX webhook_delivery_by_job ON webhook_delivery (tenant_id, job_id, delivery_id);
CREATE INDEX webhook_delivery_due ON webhook_delivery (next_attempt_at) WHERE state = 'pending';
CREATE INDEX webhook_delivery_waiting ON webhook_delivery (target, next_attempt_at) WHERE state = 'pending';
CREATE INDEX webhook_delivery_settled ON webhook_delivery (settled_at) WHERE state <> 'pending';

-- Written when it begins, so that it shows even if its process dies: then it has no duration.
CREATE TABLE webhook_attempt (
    tenant_id   text        NOT NULL,
    delivery_id uuid        NOT NULL,
    attempt     integer     NOT NULL CHECK (attempt >= 1),
    started_at  timestamptz NOT NULL DEFAULT now(),
    duration_ms integer CHECK (duration_ms >= 0),
    status      integer,                               -- null: no reply
    error       text,                                  -- null: under way, died or delivered
    reply       text,                                  -- the first 1,024 bytes
    PRIMARY KEY (tenant_id, delivery_id, attempt),
    FOREIGN KEY (tenant_id, delivery_id) REFERENCES webhook_delivery ON DELETE CASCADE
);

-- A receiver said 429 or 503 with Retry-After: nothing goes to this target before.
CREATE TABLE webhook_pause (
    target text        PRIMARY KEY,
    until  timestamptz NOT NULL
);

-- Whose turn it was last to tell receivers of progress, over all API processes. Belongs to no tenant.
CREATE TABLE webhook_progress_turn (
    single   boolean     PRIMARY KEY DEFAULT true CHECK (single),
    taken_at timestamptz NOT NULL
);
INSERT INTO webhook_progress_turn (taken_at) VALUES (now());

-- Deliveries are written by whatever writes the event, in its transaction, whichever process and version that is: a
-- writer cannot forget them. The outputs that become visible together are one message. Sequential scans are off because
-- the plan is kept: one made while the table of jobs was small would still be used when it is large.
CREATE FUNCTION webhook_fan_out() RETURNS trigger
    LANGUAGE plpgsql
    SET enable_seqscan = off
AS $$
BEGIN
    INSERT INTO webhook_delivery (tenant_id, delivery_id, job_id, endpoint_id, event, occurred_at, target)
    SELECT told.tenant_id,
           -- A version 7 UUID: a random one whose first 48 bits are the milliseconds.
           encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
                                          PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                                          FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid,
           told.job_id, receiver.endpoint_id, told.event, told.occurred_at, receiver.target
    FROM (SELECT tenant_id, job_id,
                 CASE type WHEN 'started' THEN 'started' WHEN 'output' THEN 'output' ELSE 'completed' END AS event,
                 max(created_at) AS occurred_at,
                 min(event_id) AS place
          FROM fresh
          WHERE type <> 'returned'
          GROUP BY 1, 2, 3) AS told
    CROSS JOIN LATERAL (
        SELECT endpoint_id, 'endpoint ' || endpoint_id AS target
        FROM webhook_endpoint
        WHERE webhook_endpoint.tenant_id = told.tenant_id
          AND webhook_endpoint.disabled_at IS NULL
          AND told.event = ANY (webhook_endpoint.events)
        UNION ALL
        SELECT NULL, 'job ' || job.tenant_id || ' ' || (job.webhook ->> 'target')
        FROM job
        WHERE job.tenant_id = told.tenant_id
          AND job.job_id = told.job_id
          AND job.webhook -> 'events' @> to_jsonb(told.event)
    ) AS receiver
    ORDER BY told.place;
    RETURN NULL;
END
$$;

CREATE TRIGGER webhook_fan_out
    AFTER INSERT ON job_event
    REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION webhook_fan_out();
