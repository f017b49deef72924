-- Rows that may be foreign: the condition is `perhaps_foreign` in rows.py, word by word. It calls no function, for which
-- SQLite would copy each page before a statement of several rows changes it. Its name is another one, by which earlier
-- stores are told apart while they are only read.
DROP INDEX tasks_foreign;
CREATE INDEX tasks_perhaps_foreign ON tasks (id) WHERE (campaign IS NULL OR campaign >= x''
 OR record_key IS NULL OR record_key >= x'' OR message_name IS NULL OR message_name >= x''
 OR channel IS NULL OR channel >= x'' OR (CASE status
    WHEN 'completed' THEN sent_at IS NULL OR completed_at IS NULL
    WHEN 'sent' THEN sent_at IS NULL
    WHEN 'queued' THEN sent_at IS NOT NULL
    WHEN 'sending' THEN sent_at IS NOT NULL OR NOT (attempts IS NOT NULL AND attempts = CAST(attempts AS INTEGER)
    AND worker IS NOT NULL AND worker < x''
    AND started_at IS NOT NULL AND started_at BETWEEN 0.0 AND 253402300799.0)
    WHEN 'cancelled' THEN reason IS NULL OR coalesce(not_before, 0.0) <> 0.0
    WHEN 'failed' THEN 0 WHEN 'in_doubt' THEN 0 ELSE 1 END));
