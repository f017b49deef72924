-- Failures of a channel with no success between them (see `Outage` in protocol.py). Times are UTC seconds.
CREATE TABLE outages (
    channel TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    since REAL NOT NULL,
    last_at REAL NOT NULL,
    lasted REAL NOT NULL,
    failures INTEGER NOT NULL,
    task_id INTEGER NOT NULL,
    several INTEGER NOT NULL,
    wait REAL NOT NULL,
    reason TEXT NOT NULL
) WITHOUT ROWID;
