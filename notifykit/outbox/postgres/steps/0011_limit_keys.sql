-- What a message's attempts are counted by for the limits of a recipient or a chat; NULL: by nothing.
ALTER TABLE outbox.tasks ADD COLUMN limit_key text COLLATE "C";

-- What waits with the same one.
CREATE INDEX tasks_limited ON outbox.tasks (channel, limit_key) WHERE status = 'queued' AND limit_key IS NOT NULL;
