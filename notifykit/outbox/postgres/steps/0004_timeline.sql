-- The server's timeline, which rises when a standby takes over or a backup is restored; and whether, when that was noted, a
-- standby had to have each commit before it was confirmed.
ALTER TABLE outbox.about ADD COLUMN timeline bigint;
ALTER TABLE outbox.about ADD COLUMN synchronous boolean;
