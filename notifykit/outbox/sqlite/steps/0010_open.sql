-- What is open, by campaign and channel, for whoever asks every few seconds: counted in the index alone, up to a bound.
CREATE INDEX tasks_open ON tasks (status, campaign, channel, queued_at)
 WHERE status IN ('queued', 'failed', 'in_doubt') AND campaign IS NOT NULL AND channel IS NOT NULL;
