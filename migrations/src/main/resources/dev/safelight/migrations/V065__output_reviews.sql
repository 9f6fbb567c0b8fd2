-- What the safety check said of a job's pictures, where it did not simply let them pass. A picture that it withheld has a
-- row here and none in job_output: a reader that knows nothing of reviews shows one output less, and no process can serve a
-- file that is not there.
CREATE TABLE output_review (
    tenant_id text     NOT NULL,
    job_id    uuid     NOT NULL,
    ordinal   smallint NOT NULL CHECK (ordinal >= 0),
    verdict   text     NOT NULL CHECK (verdict IN ('flagged', 'blurred', 'withheld')),
    score     double precision,
    reason    text,
    seed      bigint   NOT NULL,
    PRIMARY KEY (tenant_id, job_id, ordinal),
    FOREIGN KEY (tenant_id, job_id) REFERENCES job ON DELETE CASCADE
);
