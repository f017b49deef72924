-- What a migration adds to the store: what it did, and the fence that keeps the old program from doing it again.

CREATE TABLE migrations (
    id TEXT PRIMARY KEY,
    at REAL NOT NULL,
    backup TEXT NOT NULL,
    plan_hash TEXT NOT NULL,
    soak_until REAL,
    retired_at REAL,
    journal_mode TEXT NOT NULL,
    legacy_sequence INTEGER
);

CREATE TABLE migrated (
    campaign TEXT PRIMARY KEY,
    migration TEXT NOT NULL,
    status_file TEXT NOT NULL,
    csv_file TEXT NOT NULL,
    sent_word TEXT NOT NULL
);

-- `sqlite_master` as the first migration found it, word for word and in its order.
CREATE TABLE legacy_schema (
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    tbl_name TEXT NOT NULL,
    sql TEXT
);

CREATE TABLE fence (
    task_type TEXT NOT NULL,
    recipient TEXT NOT NULL,
    campaign TEXT NOT NULL,
    PRIMARY KEY (task_type, recipient, campaign)
) WITHOUT ROWID;

-- Types of other programs' tasks that notifykit sends, and by which channel. Empty: the old scheduler sends them.
CREATE TABLE others (
    task_type TEXT PRIMARY KEY,
    channel TEXT NOT NULL
) WITHOUT ROWID;

-- An old contract job that is started by mistake stops at its first message, before it touches a file.
CREATE TRIGGER fence_refuses BEFORE INSERT ON tasks
WHEN $not_ours
     AND EXISTS (SELECT 1 FROM fence WHERE task_type = NEW.task_type AND recipient = NEW.recipient)
BEGIN
    SELECT RAISE(ROLLBACK, 'notifykit: this message belongs to a campaign that was migrated, and notifykit sends it; run the campaign with `notifykit run`, or this program with `notifykit shim -- main.py`, or go back with `notifykit rollback`');
END;

-- Recipients that come up later are fenced in as soon as a message to them is queued.
CREATE TRIGGER fence_grows AFTER INSERT ON tasks
WHEN $owner IS NOT NULL AND $owner IN (SELECT campaign FROM migrated)
     AND NOT EXISTS (SELECT 1 FROM fence
                      WHERE task_type = NEW.task_type AND recipient = NEW.recipient AND campaign = $owner)
BEGIN
    INSERT INTO fence (task_type, recipient, campaign) VALUES (NEW.task_type, NEW.recipient, $owner);
END;

-- An old scheduler that had read its list before the migration reports that it sent a row which is ours by now. Our
-- own statements set `completed_at` together with the status.
CREATE TRIGGER fence_hears AFTER UPDATE OF status ON tasks
WHEN $reported
BEGIN
    $hear
END;

-- Where notifykit sends the other programs' tasks, they are taken as they are inserted: no scheduler ever sees them.
CREATE TRIGGER fence_takes AFTER INSERT ON tasks
WHEN $inserted
     AND EXISTS (SELECT 1 FROM others WHERE task_type = NEW.task_type)
BEGIN
    $take
END;

-- Nothing is written back for them.
CREATE TRIGGER fence_closes AFTER UPDATE OF status ON tasks
WHEN $accepted
BEGIN
    $complete
END;
