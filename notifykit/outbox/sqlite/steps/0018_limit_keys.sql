-- What a message's attempts are counted by for the limits of a recipient or a chat; NULL: by nothing.
ALTER TABLE tasks ADD COLUMN "limit_key" TEXT;

-- Whose turn it is, of those with the same one.
CREATE INDEX tasks_limited ON tasks (channel, limit_key, due_at)
 WHERE status = 'queued' AND limit_key IS NOT NULL AND due_at IS NOT NULL;
