-- What people decided, so that it can be taken back. `kind` as of the events. `channel` and what follows: the pause that
-- was ended, where one was. `undone_at` NULL: it stands.
CREATE TABLE decisions (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    who TEXT NOT NULL,
    why TEXT NOT NULL,
    channel TEXT,
    until REAL,
    reason TEXT,
    reason_code TEXT,
    reason_params TEXT,
    undone_at REAL,
    undone_by TEXT,
    undone_why TEXT
);

-- About which tasks, what each was before, and what it became. `was` NULL: it is a new round. `number`: of its latest
-- attempt then. `flagged`: how many messages of its record were written back then. `undone`: 1 where it was put back.
CREATE TABLE decided (
    decision INTEGER NOT NULL,
    task_id INTEGER NOT NULL,
    became TEXT NOT NULL,
    number INTEGER NOT NULL,
    flagged INTEGER NOT NULL,
    undone INTEGER NOT NULL DEFAULT 0,
    was TEXT,
    was_tries INTEGER,
    was_not_before REAL,
    was_hold_until REAL,
    was_doubted_at REAL,
    was_sent_at REAL,
    was_reason TEXT,
    was_reason_code TEXT,
    was_reason_params TEXT,
    PRIMARY KEY (decision, task_id)
) WITHOUT ROWID;
CREATE INDEX decided_task ON decided (task_id, decision);

-- The campaigns whose flags are being written, or were when a process was killed: no record of theirs whose messages are all
-- sent or cancelled is made to wait again by undoing.
CREATE TABLE settling (
    campaign TEXT PRIMARY KEY
) WITHOUT ROWID;
