-- Digests: several messages in one call. `alike`: what these have in common; `members`: how many are fixed in it, NULL
-- while it gathers.
CREATE TABLE outbox.digests (
    task_id bigint PRIMARY KEY,
    alike text COLLATE "C" NOT NULL,
    members bigint
);
CREATE INDEX digests_gathering ON outbox.digests (alike, task_id) WHERE members IS NULL;

-- Messages that are sent in digests, with each digest that one is or was in; 0: it was left out. `stands`: it goes where
-- the digest goes. `wait` (seconds), `most`, `ordered`: how it is gathered.
CREATE TABLE outbox.digest_members (
    task_id bigint NOT NULL,
    digest bigint NOT NULL,
    stands integer NOT NULL,
    wait double precision NOT NULL,
    most bigint NOT NULL,
    ordered integer NOT NULL,
    PRIMARY KEY (task_id, digest)
);
CREATE INDEX digest_members_standing ON outbox.digest_members (digest, task_id) WHERE stands = 1;
