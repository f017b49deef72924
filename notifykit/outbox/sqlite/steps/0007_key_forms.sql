-- Keys that are not their own normal form (see notifykit/keys/normal.py), by that form. The others stand in `tasks` alone.
-- For the tasks that there are, this is filled by key_forms.py.
CREATE TABLE key_forms (
    campaign TEXT NOT NULL,
    form TEXT NOT NULL,
    record_key TEXT NOT NULL,
    PRIMARY KEY (campaign, form, record_key)
) WITHOUT ROWID;

-- Pairs of keys of one normal form that are different, as a person said. `one` is the lesser of the two.
CREATE TABLE distinct_keys (
    campaign TEXT NOT NULL,
    one TEXT NOT NULL,
    other TEXT NOT NULL,
    at REAL NOT NULL,
    who TEXT NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (campaign, one, other)
) WITHOUT ROWID;
