-- What each campaign was seen to read and write, in the order in which it was: by this another name over the same data is
-- recognised. `source` is as written, `target` where its links lead; `writes` is empty where nothing is written.
CREATE TABLE campaign_data (
    id INTEGER PRIMARY KEY,
    campaign TEXT NOT NULL,
    source TEXT NOT NULL,
    target TEXT NOT NULL,
    record_key TEXT NOT NULL,
    writes TEXT NOT NULL,
    UNIQUE (campaign, source, target, record_key, writes)
);

-- Campaigns that may queue nothing, as of their last pass, and why.
CREATE TABLE held_campaigns (
    campaign TEXT PRIMARY KEY,
    reason TEXT NOT NULL
) WITHOUT ROWID;
