"""Pruning the PostgreSQL outbox: into a file of the machine that does it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from notifykit.outbox.copying import KINDS
from notifykit.outbox.postgres import advisory, contents, key_forms, rows
from notifykit.outbox.postgres.database import Database
from notifykit.outbox.postgres.notes import keep_note
from notifykit.outbox.pruned import ARCHIVE_NOTES, ArchivePlace, PrunedMessage, place_name
from notifykit.outbox.pruning import Shelf

# Part of `_IDS`, `_COUNT` and `_STILL`: the messages that are finished since before a moment. Digests go with these.
_FINISHED = """t.status = 'completed' AND t.completed_at < %(before)s
   AND NOT EXISTS (SELECT 1 FROM outbox.digests WHERE digests.task_id = t.id)
   AND NOT EXISTS (SELECT 1 FROM outbox.settling WHERE settling.campaign = t.campaign)
   AND NOT EXISTS (
       SELECT 1 FROM outbox.messages AS sibling JOIN outbox.tasks AS its ON its.id = sibling.id
        WHERE sibling.campaign = m.campaign AND sibling.record_key = m.record_key AND sibling.period = m.period
          AND (its.status NOT IN ('completed', 'cancelled')
               OR (its.status = 'completed' AND its.completed_at >= %(before)s)
               OR EXISTS (SELECT 1 FROM outbox.decided WHERE decided.task_id = its.id)))"""

# `finished`: a page of it.
_IDS = f"SELECT t.id FROM {rows.TASKS} WHERE t.id > %(after)s AND {_FINISHED} ORDER BY t.id LIMIT %(most)s"

# `count_finished`: all of it.
_COUNT = f"SELECT count(*) FROM {rows.TASKS} WHERE {_FINISHED}"

# `prune`: hold them: what a statement sees is as old as its beginning, so the next one looks.
_HOLD = "SELECT 1 FROM outbox.tasks WHERE id = ANY (%s::bigint[]) ORDER BY id FOR UPDATE"

# `prune`: those of some that are still finished, and their campaigns.
_STILL = f"""
SELECT t.id, t.campaign FROM {rows.TASKS} WHERE t.id = ANY (%(ids)s::bigint[]) AND {_FINISHED} ORDER BY t.id
"""

# `prune`: the campaigns of some tasks.
_CAMPAIGNS = "SELECT DISTINCT campaign FROM outbox.tasks WHERE id = ANY (%s::bigint[])"

_OF_MESSAGES = {"record_key", "message_name", "round", "task_type", "recipient", "text", "metadata", "options"}
_CELLS = {"ordered": "(t.lane > 0)::int4", "period": "nullif(m.period, '')"}
_TASK = ", ".join(_CELLS.get(name) or (f"m.{name}" if name in _OF_MESSAGES else f"t.{name}") for name in KINDS["tasks"])

# `prune`: all that is known of them.
_TASKS = f"SELECT {_TASK} FROM {rows.TASKS} WHERE t.id = ANY (%s::bigint[]) ORDER BY t.id"

# `prune`: their attempts.
_ATTEMPTS = f"""
SELECT {", ".join(KINDS["attempts"])} FROM outbox.attempts WHERE task_id = ANY (%s::bigint[]) ORDER BY task_id, number
"""

# `prune`: their events.
_EVENTS = f"SELECT {', '.join(KINDS['events'])} FROM outbox.events WHERE task_id = ANY (%s::bigint[]) ORDER BY id"

# `prune`: which files they carry.
_ATTACHED = "SELECT task_id, sha256 FROM outbox.attached WHERE task_id = ANY (%s::bigint[]) ORDER BY task_id, sha256"
# `prune`: digests, and who was in which.
_MEMBERS = "SELECT {} FROM outbox.{} WHERE task_id = ANY (%s::bigint[]) ORDER BY {}"

# `prune`: digests that messages are or were in, and that are not to be sent.
_DIGESTS = """
SELECT DISTINCT its.digest FROM outbox.digest_members AS its JOIN outbox.digests ON digests.task_id = its.digest
  JOIN outbox.tasks AS t ON t.id = its.digest
 WHERE its.task_id = ANY (%s::bigint[]) AND t.status NOT IN ('queued', 'sending')
"""

# `prune`: those of some digests of which no message is left.
_EMPTY = """
SELECT task_id FROM outbox.digests
 WHERE task_id = ANY (%s::bigint[])
   AND NOT EXISTS (SELECT 1 FROM outbox.digest_members AS its WHERE its.digest = digests.task_id AND its.stands = 1)
   AND NOT EXISTS (SELECT 1 FROM outbox.decided WHERE decided.task_id = digests.task_id)
"""

# `prune`: the names of messages, unless they are known.
_NAMES = f"""
INSERT INTO outbox.pruned_messages (campaign, message_name)
SELECT DISTINCT m.campaign, m.message_name FROM {rows.TASKS}
 WHERE t.id = ANY (%s::bigint[])
   AND NOT EXISTS (SELECT 1 FROM outbox.pruned_messages AS known
                    WHERE known.campaign = m.campaign AND known.message_name = m.message_name)
 ORDER BY 1, 2
"""

# `prune`: their keys stay.
_KEEP_KEYS = f"""
INSERT INTO outbox.pruned (record_key, message, rounds, period)
SELECT m.record_key, (SELECT min(id) FROM outbox.pruned_messages AS known
                       WHERE known.campaign = m.campaign AND known.message_name = m.message_name), max(m.round),
       max(m.period)
  FROM {rows.TASKS} WHERE t.id = ANY (%s::bigint[]) GROUP BY m.campaign, m.record_key, m.message_name ORDER BY 1, 2
ON CONFLICT (record_key, message) DO UPDATE
   SET rounds = greatest(pruned.rounds, excluded.rounds), period = greatest(pruned.period, excluded.period)
"""

# `prune`: where they went.
_KEEP_PLACE = """
INSERT INTO outbox.archives (path, host, since, until, tasks) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (path, host) DO UPDATE SET until = excluded.until, tasks = archives.tasks + excluded.tasks
"""

_NEW = "json_to_recordset(%s::json) AS new (campaign text, key text, name text, rounds integer, period text)"

# `know`: the names of messages, unless they are known.
_KNOW_NAMES = f"""
INSERT INTO outbox.pruned_messages (campaign, message_name)
SELECT DISTINCT campaign, name FROM {_NEW}
 WHERE NOT EXISTS (SELECT 1 FROM outbox.pruned_messages AS known
                    WHERE known.campaign = new.campaign AND known.message_name = new.name)
 ORDER BY 1, 2
"""

# `know`: their keys.
_KNOW = f"""
INSERT INTO outbox.pruned (record_key, message, rounds, period)
SELECT key, (SELECT min(id) FROM outbox.pruned_messages AS known
              WHERE known.campaign = new.campaign AND known.message_name = new.name), max(rounds),
       max(period COLLATE "C")
  FROM {_NEW} GROUP BY 1, 2 ORDER BY 1, 2
ON CONFLICT (record_key, message) DO UPDATE
   SET rounds = greatest(pruned.rounds, excluded.rounds), period = greatest(pruned.period, excluded.period)
"""

# `forget_archives`: one of them.
_FORGET_PLACE = "DELETE FROM outbox.archives WHERE path = %s AND host = %s"

# `prune`: they are gone, with the lanes of those that had one of their own.
_DELETE = """
WITH gone AS (SELECT unnest(%s::bigint[]) AS id),
attempts AS (DELETE FROM outbox.attempts USING gone WHERE task_id = gone.id),
events AS (DELETE FROM outbox.events USING gone WHERE task_id = gone.id),
attached AS (DELETE FROM outbox.attached USING gone WHERE task_id = gone.id),
digests AS (DELETE FROM outbox.digests USING gone WHERE task_id = gone.id),
members AS (DELETE FROM outbox.digest_members USING gone WHERE task_id = gone.id),
lanes AS (DELETE FROM outbox.lanes USING gone WHERE lanes.id = -gone.id),
messages AS (DELETE FROM outbox.messages USING gone WHERE messages.id = gone.id)
DELETE FROM outbox.tasks USING gone WHERE tasks.id = gone.id
"""


class PostgresPruning:
    """See `notifykit.outbox.pruning.Pruning`."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def finished(self, before: float, *, after: int, most: int) -> list[int]:
        """Return the ids of tasks that are finished, in order."""
        return [id_ for (id_,) in self.db.all(_IDS, {"before": before, "after": after, "most": most})]

    def count_finished(self, before: float) -> int:
        """Return how many there are."""
        return int(self.db.one(_COUNT, {"before": before})[0])

    def prune(self, ids: Sequence[int], before: float, shelf: Shelf) -> int:
        """Move those of the tasks that are still finished."""
        db = self.db
        with db.transaction():
            advisory.hold(db, "campaign", {campaign for (campaign,) in db.all(_CAMPAIGNS, (list(ids),))})
            db.all(_HOLD, (list(ids),))
            still = [id_ for id_, _ in db.all(_STILL, {"ids": list(ids), "before": before})]
            if not still:
                return 0
            which = (still,)
            digests = [id_ for (id_,) in db.all(_DIGESTS, which)]  # they go along with each of their messages
            moved = ([*still, *digests],)
            if carried := contents.of_tasks(db, still):
                contents.hold(db)
            state = shelf.put(
                {
                    "tasks": _tasks(db.all(_TASKS, moved)),
                    "attempts": (KINDS["attempts"], db.all(_ATTEMPTS, moved)),
                    "events": (KINDS["events"], db.all(_EVENTS, moved)),
                    "attached": (KINDS["attached"], db.all(_ATTACHED, moved)),
                    **{kind: (KINDS[kind], db.all(_digests(kind), moved)) for kind in ("digests", "digest_members")},
                },
                contents.rows_of(db, carried),
            )
            now = db.now()
            for statement in (_NAMES, _KEEP_KEYS):
                db.execute(statement, which)
            db.execute(_KEEP_PLACE, (*shelf.place, now, now, len(still)))
            keep_note(db, ARCHIVE_NOTES, place_name(*shelf.place), state)
            db.execute(_DELETE, which)
            db.execute(_DELETE, ([id_ for (id_,) in db.all(_EMPTY, (digests,))],))
            contents.drop_unused(db, carried)
        return len(still)

    def know(self, messages: Sequence[PrunedMessage], place: tuple[str, str]) -> None:
        """Know messages as moved to an archive."""
        db = self.db
        found = rows.many(
            {name: getattr(one, name) for name in ("campaign", "key", "name", "rounds", "period")} for one in messages
        )
        with db.transaction():
            advisory.hold(db, "campaign", {one.campaign for one in messages})
            for statement in (_KNOW_NAMES, _KNOW):
                db.execute(statement, (found,))
            key_forms.keep_forms(db, ((one.campaign, one.key) for one in messages))
            now = db.now()
            db.execute(_KEEP_PLACE, (*place, now, now, len(messages)))

    def forget_archives(self, places: Sequence[ArchivePlace]) -> None:
        """Know of these archives no more."""
        with self.db.transaction():
            for place in places:
                self.db.execute(_FORGET_PLACE, (place.path, place.host))


def _digests(kind: str) -> str:
    return _MEMBERS.format(", ".join(KINDS[kind]), kind, ", ".join(KINDS[kind][:2]))


def _tasks(found: Sequence[Sequence[Any]]) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
    """Return tasks as an archive keeps them: with the local times of the legacy columns."""
    names = KINDS["tasks"]
    queued, *ended = (names.index(name) for name in ("queued_at", "completed_at", "sent_at"))
    columns = ["message" if name == "text" else name for name in names]
    return (
        (*columns, "created_at", "updated_at"),
        [(*row, _local(row[queued]), _local(next((row[at] for at in ended if row[at]), row[queued]))) for row in found],
    )


def _local(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M:%S")  # noqa: DTZ006 - old readers' local time
