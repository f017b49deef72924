-- What the host keeps for itself beside tasks, in a form of its own: when a pass was made, which alerts are on.
CREATE TABLE notes (
    topic TEXT NOT NULL,
    name TEXT NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (topic, name)
) WITHOUT ROWID;

-- What happened lately, without a look at all attempts that ever were.
CREATE INDEX attempts_finished ON attempts (finished_at, verdict);
