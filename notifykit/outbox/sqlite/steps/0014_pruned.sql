-- Messages that were moved to an archive, by their keys, so that none is queued again. `rounds`: the last round that was.
-- The names of messages stand apart: whoever renames a campaign changes these few rows. No index names their campaign:
-- they are few.
CREATE TABLE pruned_messages (
    id INTEGER PRIMARY KEY,
    campaign TEXT NOT NULL,
    message_name TEXT NOT NULL
);
CREATE TABLE pruned (
    record_key TEXT NOT NULL,
    message INTEGER NOT NULL,
    rounds INTEGER NOT NULL,
    PRIMARY KEY (record_key, message)
) WITHOUT ROWID;

-- The archives that they are in: files, each on a machine.
CREATE TABLE archives (
    path TEXT NOT NULL,
    host TEXT NOT NULL,
    since REAL NOT NULL,
    until REAL NOT NULL,
    tasks INTEGER NOT NULL,
    PRIMARY KEY (path, host)
) WITHOUT ROWID;
