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
WHEN NEW.metadata IS NULL
     AND EXISTS (SELECT 1 FROM fence WHERE task_type = NEW.task_type AND recipient = NEW.recipient)
BEGIN
    SELECT RAISE(ROLLBACK, 'notifykit: this message belongs to a campaign that was migrated, and notifykit sends it; run the campaign with `notifykit run`, or this program with `notifykit shim -- main.py`, or go back with `notifykit rollback`');
END;

-- Recipients that come up later are fenced in as soon as a message to them is queued.
CREATE TRIGGER fence_grows AFTER INSERT ON tasks
WHEN NEW.campaign IS NOT NULL AND NEW.campaign IN (SELECT campaign FROM migrated)
     AND NOT EXISTS (SELECT 1 FROM fence
                      WHERE task_type = NEW.task_type AND recipient = NEW.recipient AND campaign = NEW.campaign)
BEGIN
    INSERT INTO fence (task_type, recipient, campaign) VALUES (NEW.task_type, NEW.recipient, NEW.campaign);
END;

-- An old scheduler that had read its list before the migration reports that it sent a row which is ours by now. Our
-- own statements set `completed_at` together with the status.
CREATE TRIGGER fence_hears AFTER UPDATE OF status ON tasks
WHEN NEW.status = 'completed' AND OLD.status <> 'completed' AND NEW.completed_at IS NULL AND OLD.campaign IS NOT NULL
BEGIN
    INSERT INTO events (at, task_id, kind, who, detail)
    VALUES ((julianday('now') - 2440587.5) * 86400.0, NEW.id, 'late_legacy_completed', 'legacy',
            'the old program completed it while it was ' || OLD.status);
    UPDATE tasks SET status = OLD.status WHERE id = NEW.id AND OLD.status NOT IN ('queued', 'in_doubt');
    UPDATE tasks SET sent_at = (julianday('now') - 2440587.5) * 86400.0,
                     completed_at = (julianday('now') - 2440587.5) * 86400.0,
                     due_at = NULL, hold_until = NULL, reason = 'completed by the old program'
     WHERE id = NEW.id AND OLD.status IN ('queued', 'in_doubt');
    -- Whose turn it is now: the rule of notifykit/outbox/lanes.py.
    UPDATE tasks SET due_at = CASE
        WHEN tries > 0 AND not_before > (julianday('now') - 2440587.5) * 86400.0 THEN not_before
        ELSE max(not_before, coalesce((
            SELECT max(hold_until) FROM tasks AS retry
             WHERE retry.status = 'queued' AND retry.ordered = 1 AND retry.channel = tasks.channel
               AND retry.recipient = tasks.recipient AND retry.id < tasks.id), 0.0)) END
     WHERE OLD.status = 'queued' AND OLD.ordered = 1
       AND status = 'queued' AND ordered = 1 AND channel = NEW.channel AND recipient = NEW.recipient
       AND id <= coalesce((
            SELECT min(id) FROM tasks AS ready
             WHERE ready.status = 'queued' AND ready.ordered = 1 AND ready.channel = NEW.channel
               AND ready.recipient = NEW.recipient
               AND NOT (ready.tries > 0 AND ready.not_before > (julianday('now') - 2440587.5) * 86400.0)), id)
       AND NOT EXISTS (
            SELECT 1 FROM tasks AS busy
             WHERE busy.status = 'sending' AND busy.ordered = 1 AND busy.channel = NEW.channel
               AND busy.recipient = NEW.recipient);
END;

-- Where notifykit sends the other programs' tasks, they are taken as they are inserted: no scheduler ever sees them.
CREATE TRIGGER fence_takes AFTER INSERT ON tasks
WHEN NEW.status = 'pending' AND NEW.campaign IS NULL
     AND EXISTS (SELECT 1 FROM others WHERE task_type = NEW.task_type)
BEGIN
    UPDATE tasks SET status = 'queued', metadata = coalesce(metadata, '{"created_by": "legacy_program"}'),
                     campaign = 'legacy', record_key = 'task-' || NEW.id, message_name = 'task', round = 1,
                     channel = (SELECT channel FROM others WHERE task_type = NEW.task_type), ordered = 1,
                     attempts = 0, tries = 0, queued_at = (julianday('now') - 2440587.5) * 86400.0, not_before = 0.0
     WHERE id = NEW.id;
    -- Its turn, or it waits behind those before it: the rule of notifykit/outbox/lanes.py.
    UPDATE tasks SET due_at = max(not_before, coalesce((
            SELECT max(hold_until) FROM tasks AS retry
             WHERE retry.status = 'queued' AND retry.ordered = 1 AND retry.channel = tasks.channel
               AND retry.recipient = tasks.recipient AND retry.id < tasks.id), 0.0))
     WHERE id = NEW.id
       AND NOT EXISTS (
            SELECT 1 FROM tasks AS ready
             WHERE ready.status = 'queued' AND ready.ordered = 1 AND ready.channel = tasks.channel
               AND ready.recipient = tasks.recipient AND ready.id < NEW.id
               AND NOT (ready.tries > 0 AND ready.not_before > (julianday('now') - 2440587.5) * 86400.0))
       AND NOT EXISTS (
            SELECT 1 FROM tasks AS busy
             WHERE busy.status = 'sending' AND busy.ordered = 1 AND busy.channel = tasks.channel
               AND busy.recipient = tasks.recipient);
END;

-- Nothing is written back for them.
CREATE TRIGGER fence_closes AFTER UPDATE OF status ON tasks
WHEN NEW.status = 'sent' AND NEW.campaign = 'legacy'
BEGIN
    UPDATE tasks SET status = 'completed', completed_at = NEW.sent_at WHERE id = NEW.id;
END;
