-- How often a client wants to see the picture develop, in sampler steps; null for never. No part of the input: the picture
-- does not depend on who looks on.
ALTER TABLE job ADD COLUMN preview_every integer CHECK (preview_every >= 1);
