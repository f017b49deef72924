-- A claim is given up by what was seen of it, not by a time: `lease_until` is not used any more. It stays: to
-- drop a column writes the whole table anew, and what a store has is told by the columns that its steps added.

-- The heartbeat number of a claim: it rises for as long as its worker lives.
ALTER TABLE tasks ADD COLUMN "beat" INTEGER;

-- When the first attempt began that may have been accepted, of those since a person last put the task back.
ALTER TABLE tasks ADD COLUMN "doubted_at" REAL;

UPDATE tasks SET beat = 0, lease_until = NULL WHERE status = 'sending';
UPDATE tasks SET doubted_at = (SELECT min(started_at) FROM attempts WHERE task_id = tasks.id AND verdict = 'unknown')
 WHERE status = 'queued' AND tries > 0;
