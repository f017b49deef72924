-- When a channel may next be worth a look: claims begin with what is due, however many channels are configured.
CREATE TABLE channels (
    channel TEXT PRIMARY KEY,
    next_at REAL,
    next_id INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX channels_next ON channels (next_at, next_id) WHERE next_at IS NOT NULL;
INSERT INTO channels (channel, next_at, next_id)
SELECT DISTINCT channel, 0.0, 0 FROM tasks INDEXED BY tasks_due
 WHERE status = 'queued' AND due_at IS NOT NULL AND channel IS NOT NULL;
