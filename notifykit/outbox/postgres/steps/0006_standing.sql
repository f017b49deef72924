-- Attempts after the first of their message that were or may have been accepted: what `status` asks, a million done.
CREATE INDEX attempts_again ON outbox.attempts (task_id) WHERE number > 1 AND verdict IN ('accepted', 'unknown');
