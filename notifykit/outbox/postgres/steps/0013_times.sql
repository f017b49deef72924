-- `period`: in which period of its campaign a message is sent once; empty: in none. Later periods sort behind earlier
-- ones, and none goes back.
ALTER TABLE outbox.messages ADD COLUMN period text COLLATE "C" NOT NULL DEFAULT '';
DROP INDEX outbox.messages_dedup;
CREATE UNIQUE INDEX messages_dedup ON outbox.messages (campaign, record_key, message_name, period, round);

-- UTC seconds: when a message that still waits is cancelled; NULL: never.
ALTER TABLE outbox.tasks ADD COLUMN expires_at double precision;
CREATE INDEX tasks_expiring ON outbox.tasks (expires_at) WHERE status = 'queued' AND expires_at IS NOT NULL;

CREATE INDEX tasks_expired ON outbox.tasks (campaign) WHERE status = 'cancelled' AND reason_code = 'expired';

-- The last period of which a message was moved to an archive.
ALTER TABLE outbox.pruned ADD COLUMN period text COLLATE "C" NOT NULL DEFAULT '';
