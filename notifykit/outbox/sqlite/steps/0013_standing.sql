-- What `status` and `health` ask is counted in indexes, also where a million messages are done.

-- The conditions are chains of OR: SQLite builds a table anew for each IN whenever it changes a row.
DROP INDEX tasks_stuck;
CREATE INDEX tasks_stuck ON tasks (campaign, record_key) WHERE (status = 'failed' OR status = 'in_doubt');
DROP INDEX tasks_open;
CREATE INDEX tasks_open ON tasks (status, campaign, channel, queued_at)
 WHERE (status = 'queued' OR status = 'failed' OR status = 'in_doubt') AND campaign IS NOT NULL AND channel IS NOT NULL;
CREATE INDEX tasks_cancelled ON tasks (campaign) WHERE status = 'cancelled' AND campaign IS NOT NULL;

-- Rows that may be foreign: the condition is `perhaps_foreign` in rows.py, word by word.
CREATE INDEX tasks_foreign ON tasks (id) WHERE (typeof(campaign) <> 'text' OR typeof(record_key) <> 'text'
 OR typeof(message_name) <> 'text' OR typeof(channel) <> 'text' OR (CASE status
    WHEN 'completed' THEN sent_at IS NULL OR completed_at IS NULL
    WHEN 'sent' THEN sent_at IS NULL
    WHEN 'queued' THEN sent_at IS NOT NULL
    WHEN 'sending' THEN sent_at IS NOT NULL OR NOT (typeof(attempts) = 'integer' AND typeof(worker) = 'text'
    AND typeof(started_at) = 'real' AND started_at BETWEEN 0.0 AND 253402300799.0)
    WHEN 'cancelled' THEN reason IS NULL OR coalesce(not_before, 0.0) <> 0.0
    WHEN 'failed' THEN 0 WHEN 'in_doubt' THEN 0 ELSE 1 END));

-- Attempts after the first of their message that were or may have been accepted.
CREATE INDEX attempts_again ON attempts (task_id) WHERE number > 1 AND (verdict = 'accepted' OR verdict = 'unknown');
