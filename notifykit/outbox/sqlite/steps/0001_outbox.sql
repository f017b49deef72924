-- What an outbox has beside the seven columns of the legacy table, which come first and stay as they are.

-- JSON, readable by people and old programs.
ALTER TABLE tasks ADD COLUMN "metadata" TEXT;

-- Whose message it is; NULL in a row that belongs to no campaign.
ALTER TABLE tasks ADD COLUMN "campaign" TEXT;
ALTER TABLE tasks ADD COLUMN "record_key" TEXT;
ALTER TABLE tasks ADD COLUMN "message_name" TEXT;
ALTER TABLE tasks ADD COLUMN "round" INTEGER;
ALTER TABLE tasks ADD COLUMN "channel" TEXT;
ALTER TABLE tasks ADD COLUMN "ordered" INTEGER;

-- `attempts`: ever made, and the fencing token. `tries`: since a person last put the task back.
ALTER TABLE tasks ADD COLUMN "attempts" INTEGER;
ALTER TABLE tasks ADD COLUMN "tries" INTEGER;

-- Times are UTC seconds. `not_before`: the task's own backoff. `due_at`: when it may be claimed, NULL while an earlier
-- message to the same recipient has the turn. `hold_until`: how long at most a retry holds those behind it back.
ALTER TABLE tasks ADD COLUMN "queued_at" REAL;
ALTER TABLE tasks ADD COLUMN "not_before" REAL;
ALTER TABLE tasks ADD COLUMN "due_at" REAL;
ALTER TABLE tasks ADD COLUMN "hold_until" REAL;

-- The claim. `lease`: its length in seconds, which tells a clock that jumped back from a lease that is long.
ALTER TABLE tasks ADD COLUMN "worker" TEXT;
ALTER TABLE tasks ADD COLUMN "started_at" REAL;
ALTER TABLE tasks ADD COLUMN "lease" REAL;
ALTER TABLE tasks ADD COLUMN "lease_until" REAL;

-- What came of it. `reason`: of the last move; `refusal`: of the last write-back that was refused.
ALTER TABLE tasks ADD COLUMN "sent_at" REAL;
ALTER TABLE tasks ADD COLUMN "completed_at" REAL;
ALTER TABLE tasks ADD COLUMN "reason" TEXT;
ALTER TABLE tasks ADD COLUMN "refusal" TEXT;

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
