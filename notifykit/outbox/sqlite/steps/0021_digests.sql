-- Digests: several messages in one call. `alike`: what these have in common; `members`: how many are fixed in it, NULL
-- while it gathers.
CREATE TABLE digests (
    task_id INTEGER PRIMARY KEY,
    alike TEXT NOT NULL,
    members INTEGER
);
CREATE INDEX digests_gathering ON digests (alike, task_id) WHERE members IS NULL;

-- Messages that are sent in digests, with each digest that one is or was in; 0: it was left out. `stands`: it goes where
-- the digest goes. `wait` (seconds), `most`, `ordered`: how it is gathered.
CREATE TABLE digest_members (
    task_id INTEGER NOT NULL,
    digest INTEGER NOT NULL,
    stands INTEGER NOT NULL,
    wait REAL NOT NULL,
    most INTEGER NOT NULL,
    ordered INTEGER NOT NULL,
    PRIMARY KEY (task_id, digest)
) WITHOUT ROWID;
CREATE INDEX digest_members_standing ON digest_members (digest, task_id) WHERE stands = 1;
