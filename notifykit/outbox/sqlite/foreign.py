"""What the store does when another program writes into its table: pieces of SQL for triggers.

For who puts up triggers on the table `tasks`; by themselves they do nothing. In an insert, `NEW` is the row that came;
in an update, `OLD` is what it was. The text of a trigger is compared with what is made of these pieces: where one is
changed here, the triggers of stores that have it already are made anew.
"""

from __future__ import annotations

import sqlite3

WITHOUT_METADATA = "NEW.metadata IS NULL"
"""For an insert: notifykit made no such row, and no program that knows metadata."""

OWNER = "NEW.campaign"
"""The campaign of a row; NULL where no campaign owns it, which is so where another program inserts one."""

INSERTED = "NEW.status = 'pending' AND NEW.campaign IS NULL"
"""For an insert: another program queued a message for its own scheduler."""

REPORTED = (
    "NEW.status = 'completed' AND OLD.status <> 'completed' AND NEW.completed_at IS NULL AND OLD.campaign IS NOT NULL"
)
"""For an update of `status`: another program says that it sent a task of ours. The store's own statements set
`completed_at` together with that status."""

HEAR = """INSERT INTO events (at, task_id, kind, who, detail)
    VALUES ((julianday('now') - 2440587.5) * 86400.0, NEW.id, 'late_legacy_completed', 'legacy',
            'the old program completed it while it was ' || OLD.status);
    UPDATE tasks SET status = OLD.status WHERE id = NEW.id AND OLD.status NOT IN ('queued', 'in_doubt');
    UPDATE tasks SET sent_at = (julianday('now') - 2440587.5) * 86400.0,
                     completed_at = (julianday('now') - 2440587.5) * 86400.0,
                     due_at = NULL, hold_until = NULL, reason = 'completed by the old program'
     WHERE id = NEW.id AND OLD.status IN ('queued', 'in_doubt');
    -- Whose turn it is now: the rule of notifykit/outbox/lanes.py.
    UPDATE tasks SET due_at = CASE
        WHEN not_before > (julianday('now') - 2440587.5) * 86400.0 THEN not_before
        ELSE max(not_before, coalesce((
            SELECT max(hold_until) FROM tasks AS retry
             WHERE retry.status = 'queued' AND retry.ordered = 1 AND retry.channel = tasks.channel
               AND retry.recipient = tasks.recipient AND retry.id < tasks.id), 0.0)) END
     WHERE OLD.status = 'queued' AND OLD.ordered = 1
       AND status = 'queued' AND ordered = 1 AND channel = NEW.channel AND recipient = NEW.recipient
       AND id <= coalesce((
            SELECT min(id) FROM tasks AS ready
             WHERE ready.status = 'queued' AND ready.ordered = 1 AND ready.channel = NEW.channel
               AND ready.recipient = NEW.recipient
               AND ready.not_before <= (julianday('now') - 2440587.5) * 86400.0), id)
       AND NOT EXISTS (
            SELECT 1 FROM tasks AS busy
             WHERE busy.status = 'sending' AND busy.ordered = 1 AND busy.channel = NEW.channel
               AND busy.recipient = NEW.recipient);"""
"""Then: keep that as evidence, and believe it of a task that waits or is in doubt; what is behind it has its turn."""

_TAKE = """UPDATE tasks SET status = 'queued', metadata = coalesce(metadata, '{metadata}'),
                     campaign = '{campaign}', record_key = 'task-' || NEW.id, message_name = '{name}', round = 1,
                     channel = {channel}, ordered = 1,
                     attempts = 0, tries = 0, queued_at = (julianday('now') - 2440587.5) * 86400.0, not_before = 0.0
     WHERE id = NEW.id;
    -- Its turn, or it waits behind those before it: the rule of notifykit/outbox/lanes.py.
    UPDATE tasks SET due_at = max(not_before, coalesce((
            SELECT max(hold_until) FROM tasks AS retry
             WHERE retry.status = 'queued' AND retry.ordered = 1 AND retry.channel = tasks.channel
               AND retry.recipient = tasks.recipient AND retry.id < tasks.id), 0.0))
     WHERE id = NEW.id
       AND NOT EXISTS (
            SELECT 1 FROM tasks AS ready
             WHERE ready.status = 'queued' AND ready.ordered = 1 AND ready.channel = tasks.channel
               AND ready.recipient = tasks.recipient AND ready.id < NEW.id
               AND ready.not_before <= (julianday('now') - 2440587.5) * 86400.0)
       AND NOT EXISTS (
            SELECT 1 FROM tasks AS busy
             WHERE busy.status = 'sending' AND busy.ordered = 1 AND busy.channel = tasks.channel
               AND busy.recipient = tasks.recipient);"""


def take(*, campaign: str, name: str, channel: str, metadata: str) -> str:
    """Return what makes an inserted row a queued task, with its turn or behind those before it.

    `campaign`, `name` and `metadata` (JSON) are texts without quotes in them; `channel` is an expression.
    """
    return _TAKE.format(campaign=campaign, name=name, channel=channel, metadata=metadata)


def accepted(campaign: str) -> str:
    """Return, for an update of `status`: a task of this campaign was accepted."""
    return f"NEW.status = 'sent' AND {OWNER} = '{campaign}'"


COMPLETE = "UPDATE tasks SET status = 'completed', completed_at = NEW.sent_at WHERE id = NEW.id;"
"""Then: nothing is written back for it."""


_LATER = "not_before > (julianday('now') - 2440587.5) * 86400.0"
_RENEWED = (
    (f"WHEN tries > 0 AND {_LATER}", f"WHEN {_LATER}"),
    (f"NOT (ready.tries > 0 AND ready.{_LATER})", f"ready.{_LATER.replace('>', '<=')}"),
)
"""Parts of the texts above, as they were while only a retry could wait for a time, and as they are."""


def renewed(trigger: str) -> str:
    """Return the text of a trigger as an upgrade of its store makes it."""
    for before, now in _RENEWED:
        trigger = trigger.replace(before, now)
    return trigger


def renew(connection: sqlite3.Connection) -> None:
    """Bring triggers that hold the texts above to what these are now."""
    triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, sql in triggers:
        if (now := renewed(sql)) != sql:
            connection.execute(f'DROP TRIGGER "{name}"')
            connection.execute(now)
