-- `period`: in which period of its campaign a message is sent once; NULL: in none. Later periods sort behind earlier ones,
-- and none goes back. `expires_at`: in UTC seconds, when a message that still waits is cancelled; NULL: never.
ALTER TABLE tasks ADD COLUMN "period" TEXT;
ALTER TABLE tasks ADD COLUMN "expires_at" REAL;
DROP INDEX tasks_dedup;
CREATE UNIQUE INDEX tasks_dedup ON tasks (campaign, record_key, message_name, round, coalesce(period, ''))
 WHERE campaign IS NOT NULL;
CREATE INDEX tasks_periods ON tasks (campaign, record_key, message_name, period) WHERE period IS NOT NULL;
CREATE INDEX tasks_expiring ON tasks (expires_at) WHERE status = 'queued' AND expires_at IS NOT NULL;
-- What may wait for its time lets others pass: a retry, and what is not to be sent before then.
DROP INDEX tasks_retrying;
CREATE INDEX tasks_retrying ON tasks (channel, recipient) WHERE status = 'queued' AND not_before > 0.0;
-- The last period of which a message was moved to an archive.
ALTER TABLE pruned ADD COLUMN period TEXT NOT NULL DEFAULT '';
