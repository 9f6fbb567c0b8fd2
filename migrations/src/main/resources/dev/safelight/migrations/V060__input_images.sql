-- Images that jobs are made from, by their content: a job names the digest, so every attempt, retry and repetition sees the
-- same bytes. An object's key is never used twice, so that one that is being removed cannot be meant by a newer row.
CREATE TABLE input_image (
    tenant_id  text        NOT NULL,
    sha256     bytea       NOT NULL CHECK (length(sha256) = 32),
    object_key text        NOT NULL,
    width      integer     NOT NULL CHECK (width > 0),
    height     integer     NOT NULL CHECK (height > 0),
    bytes      bigint      NOT NULL CHECK (bytes > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    kept_until timestamptz NOT NULL, -- whatever refers to it; afterwards as long as a job does
    PRIMARY KEY (tenant_id, sha256)
);
CREATE INDEX input_image_due ON input_image (kept_until);

-- Who refers to an image.
CREATE INDEX job_image ON job (tenant_id, (input ->> 'image')) WHERE input ->> 'image' IS NOT NULL;
CREATE INDEX job_mask ON job (tenant_id, (input ->> 'mask')) WHERE input ->> 'mask' IS NOT NULL;
