-- What monitors count: never less, whatever leaves the store. `name`: what is counted; `detail`: a verdict, a code, the end
-- of a range or a level. What a total is not told apart by is empty.
CREATE TABLE outbox.totals (
    name text COLLATE "C" NOT NULL,
    campaign text COLLATE "C" NOT NULL,
    channel text COLLATE "C" NOT NULL,
    detail text COLLATE "C" NOT NULL,
    value double precision NOT NULL,
    PRIMARY KEY (name, campaign, channel, detail)
) WITH (fillfactor = 50);

-- Finished attempts that are in no total yet: each leaves as it is counted. No index: it is read whole.
CREATE TABLE outbox.uncounted (
    task_id bigint NOT NULL,
    number integer NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);

-- Since when the oldest doubt of a campaign is one, however many there are.
CREATE INDEX tasks_doubts ON outbox.tasks (campaign, (coalesce(doubted_at, queued_at))) WHERE status = 'in_doubt';
