-- What the host keeps for itself beside tasks, in a form of its own: when a pass was made, which alerts are on.
CREATE TABLE outbox.notes (
    topic text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    note text NOT NULL,
    PRIMARY KEY (topic, name)
);

-- What happened lately, without a look at all attempts that ever were.
CREATE INDEX attempts_finished ON outbox.attempts (finished_at, verdict);
