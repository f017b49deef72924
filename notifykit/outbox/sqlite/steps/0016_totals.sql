-- What monitors count: never less, whatever leaves the store. `name`: what is counted; `detail`: a verdict, a code, the end
-- of a range or a level. What a total is not told apart by is empty.
CREATE TABLE totals (
    name TEXT NOT NULL,
    campaign TEXT NOT NULL,
    channel TEXT NOT NULL,
    detail TEXT NOT NULL,
    value REAL NOT NULL,
    PRIMARY KEY (name, campaign, channel, detail)
) WITHOUT ROWID;

-- Finished attempts that are in no total yet: each leaves as it is counted.
CREATE TABLE uncounted (
    id INTEGER PRIMARY KEY,
    task_id INTEGER NOT NULL,
    number INTEGER NOT NULL
);

-- Since when the oldest doubt of a campaign is one, however many there are.
CREATE INDEX tasks_doubts ON tasks (campaign, coalesce(doubted_at, queued_at)) WHERE status = 'in_doubt' AND campaign IS NOT NULL;
