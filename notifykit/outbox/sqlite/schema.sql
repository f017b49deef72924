-- What comes beside the seven legacy columns and those that schema.py adds to them. No semicolons in comments.

-- Duplicates are refused here, not by looking first.
CREATE UNIQUE INDEX tasks_dedup ON tasks (campaign, record_key, message_name, round) WHERE campaign IS NOT NULL;

-- Whose turn it is, and who stands behind (see lanes.py).
CREATE INDEX tasks_due ON tasks (channel, due_at) WHERE status = 'queued' AND due_at IS NOT NULL;
CREATE INDEX tasks_lane ON tasks (channel, recipient) WHERE status = 'queued' AND ordered = 1;
CREATE INDEX tasks_retrying ON tasks (channel, recipient) WHERE status = 'queued' AND tries > 0;
CREATE INDEX tasks_sending ON tasks (channel, recipient) WHERE status = 'sending';

-- What waits for a person, and what waits for its write-back.
CREATE INDEX tasks_stuck ON tasks (campaign, record_key) WHERE status IN ('failed', 'in_doubt');
CREATE INDEX tasks_owed ON tasks (campaign) WHERE status = 'sent';

-- An attempt is written when its outcome is known. One that is under way is its task's `sending` row.
CREATE TABLE attempts (
    task_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    channel TEXT NOT NULL,
    worker TEXT NOT NULL,
    started_at REAL NOT NULL,
    finished_at REAL NOT NULL,
    verdict TEXT NOT NULL,
    code TEXT,
    detail TEXT,
    vendor_id TEXT,
    call_seconds REAL,
    PRIMARY KEY (task_id, number)
) WITHOUT ROWID;

-- What rate limits count: when the attempts of a limited channel began. Pruned as soon as no window reaches back.
CREATE TABLE starts (
    channel TEXT NOT NULL,
    at REAL NOT NULL,
    task_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (channel, at, task_id, number)
) WITHOUT ROWID;

CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    task_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    who TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX events_task ON events (task_id);

CREATE TABLE pauses (
    channel TEXT PRIMARY KEY,
    set_at REAL NOT NULL,
    until REAL NOT NULL,
    reason TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE campaigns (
    campaign TEXT PRIMARY KEY,
    duplicates_prevented INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
