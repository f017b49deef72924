"""Looking at the SQLite outbox: tasks, their stories, figures, and notes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from notifykit.model import Attempt, Status, Task
from notifykit.outbox import cells
from notifykit.outbox.sqlite import events, rows
from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.values import CampaignFigures, Event, Filter, RecentFigures

if TYPE_CHECKING:
    from notifykit.outbox.digests import Membership
    from notifykit.outbox.pruned import ArchivePlace, PrunedMessage
    from notifykit.outbox.recent import Calls
    from notifykit.outbox.searched import Searched
    from notifykit.outbox.totals import Totals
    from notifykit.roles import Rate

PAGE = 1_000
"""Rows that one statement of `tasks` reads at most."""

# `tasks`: a page of those that a filter leaves.
_PAGE = f"SELECT {rows.selected(rows.TASK_COLUMNS)} FROM {{table}} WHERE {{terms}} ORDER BY id LIMIT ?"

# Parts of `_PAGE`. A further page is found by id: an index that finds many of them would sort them again for each.
_BY_ANY, _BY_ID, _PERHAPS_FOREIGN = "tasks", "tasks NOT INDEXED", "tasks INDEXED BY tasks_perhaps_foreign"

# `_where`: the tasks of a key, whatever their campaign: found by one seek for each campaign. What is written over is
# told by its own index.
_OF_KEY = f"""
id IN (WITH RECURSIVE names (name) AS (
           SELECT min(campaign) FROM tasks WHERE campaign IS NOT NULL
            UNION ALL
           SELECT (SELECT min(campaign) FROM tasks WHERE campaign > name) FROM names WHERE name IS NOT NULL)
       SELECT tasks.id FROM names CROSS JOIN tasks INDEXED BY tasks_dedup ON campaign = name AND record_key = ?
        UNION ALL
       SELECT id FROM tasks INDEXED BY tasks_perhaps_foreign WHERE {rows.perhaps_foreign()} AND record_key = ?)
"""

# `_tasks`: of a first page, those that failed or are in doubt, which are few, and what may be written over or nobody's.
_UNDECIDED = f"""
id IN (SELECT id FROM tasks INDEXED BY tasks_open WHERE {rows.OPEN} AND status IN ('failed', 'in_doubt')
        UNION ALL
       SELECT id FROM tasks INDEXED BY tasks_perhaps_foreign WHERE {rows.perhaps_foreign()})
"""

# `notes`: those of a topic.
_NOTES = "SELECT name, note FROM notes WHERE topic = ? ORDER BY name"

# `attempts`: those of a task, and the one that is under way.
_ATTEMPTS = f"""
SELECT {rows.selected(cells.ATTEMPT_COLUMNS)} FROM attempts WHERE task_id = :id
 UNION ALL
SELECT id, attempts, channel, worker, started_at, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM tasks
 WHERE id = :id AND status = 'sending' AND {rows.claimed()}
 ORDER BY 2
"""

# `pruned`: what was moved of a key.
_PRUNED = """
SELECT campaign, record_key, message_name, max(rounds), max(pruned.period)
  FROM pruned CROSS JOIN pruned_messages ON pruned_messages.id = message
 WHERE record_key = :key AND (:campaign IS NULL OR campaign = :campaign)
 GROUP BY campaign, message_name ORDER BY campaign, message_name
"""

# `count_pruned`: all of it.
_COUNT_PRUNED = "SELECT count(*) FROM pruned"

# `archives`: where it went.
_ARCHIVES = "SELECT path, host, since, until, tasks FROM archives ORDER BY until DESC, path"


class Looking:
    """Methods of the outbox that read, and what the host keeps for itself."""

    db: Database

    def tasks(self, which: Filter) -> Iterator[Task]:
        """Yield tasks in id order, read by pages: nothing stays open while the caller has one of them."""
        return islice(self._tasks(which), which.limit)

    def _tasks(self, which: Filter) -> Iterator[Task]:
        terms, values = _where(which)
        first, further = (_PERHAPS_FOREIGN,) * 2 if _of_nobody(which) else (_BY_ANY, _BY_ID)
        size = PAGE if which.limit is None or which.statuses else min(which.limit, PAGE)
        begins = terms
        if which.statuses and which.key is None and {Status.FAILED, Status.IN_DOUBT}.issuperset(which.statuses):
            first, begins = _BY_ID, f"{_UNDECIDED} AND {terms}"
        found = self.db.all(_PAGE.format(table=first, terms=begins), (*values, size))
        while found:
            for task in map(rows.task, found):
                if not which.statuses or task.status in which.statuses:
                    yield task
            if len(found) < size:
                return
            page = _PAGE.format(table=further, terms=f"id > ? AND {terms}")
            found = self.db.all(page, (found[-1][0], *values, size))

    def search(self, words: str, which: Filter, *, before: int | None, read: int, most: int) -> Searched:
        """Look for words in the latest messages, within so many ids."""
        from notifykit.outbox.sqlite.searching import search  # few commands ask

        terms, values = _where(which)
        return search(self.db, words, terms, values, before=before, read=read, most=most)

    def members(self, digest: int) -> list[Task]:
        """Return the messages of a digest that go where it goes."""
        from notifykit.outbox.sqlite.digests import members  # few commands ask

        return members(self.db, digest)

    def memberships(self, ids: Collection[int] | None = None) -> list[Membership]:
        """Return which messages are in which digests."""
        from notifykit.outbox.sqlite.digests import memberships  # likewise

        return memberships(self.db, ids)

    def attempts(self, task_id: int) -> list[Attempt]:
        """Return a task's attempts in order, one that is under way included."""
        return [cells.attempt(row) for row in self.db.all(_ATTEMPTS, {"id": task_id})]

    def contents(self, sha256: str) -> bytes:
        """Return what an attachment of a task holds."""
        from notifykit.outbox.sqlite.contents import read  # few messages carry any

        return read(self.db, sha256)

    def events(self, task_id: int) -> list[Event]:
        """Return what else happened to a task, in order."""
        return events.of_task(self.db, task_id)

    def figures(self) -> list[CampaignFigures]:
        """Return how each campaign stands, by name."""
        from notifykit.outbox.sqlite.standing import figures  # few commands ask

        return figures(self.db)

    def used(self, limits: Mapping[str, Sequence[Rate]]) -> Mapping[str, Sequence[int]]:
        """Return how many attempts count now for each of these rates, by channel."""
        from notifykit.outbox.sqlite.rates import used  # likewise

        return {name: used(self.db, name, rates, self.db.clock.now()) for name, rates in limits.items()}

    def recent(self, since: float, until: float) -> list[RecentFigures]:
        """Return what happened to each campaign's messages from `since` to before `until`."""
        from notifykit.outbox.sqlite.recent import recent  # likewise

        return recent(self.db, since, until)

    def recent_calls(self, since: float, until: float, longer: float) -> Mapping[str, Calls]:
        """Return by channel the calls that ended from `since` to before `until`, and how many took over `longer`."""
        from notifykit.outbox.sqlite.recent import recent_calls  # likewise

        return recent_calls(self.db, since, until, longer)

    def notes(self, topic: str) -> Mapping[str, str]:
        """Return the notes of a topic, by name."""
        return dict(self.db.all(_NOTES, (topic,)))

    def keep_note(self, topic: str, name: str, note: str | None) -> None:
        """Keep a note; None: there is none any more."""
        from notifykit.outbox.sqlite.notes import keep_note  # likewise

        keep_note(self.db, topic, name, note)

    def roll_up(self, most: int, *, more: Totals | None = None, least: Totals | None = None) -> int:
        """Count finished attempts; returns how many."""
        from notifykit.outbox.sqlite.counting import roll_up  # likewise

        return roll_up(self.db, most, more or {}, least or {})

    def totals(self) -> Totals:
        """Return all totals."""
        from notifykit.outbox.sqlite.counting import totals  # likewise

        return totals(self.db)

    def pruned(self, key: str, campaign: str | None = None) -> list[PrunedMessage]:
        """Return what was moved of a key."""
        from notifykit.outbox.pruned import PrunedMessage  # likewise

        return [
            PrunedMessage(campaign=name, key=key_, name=message, rounds=rounds, period=period)
            for name, key_, message, rounds, period in self.db.all(_PRUNED, {"key": key, "campaign": campaign})
        ]

    def count_pruned(self) -> int:
        """Return how many messages were moved."""
        return int(self.db.one(_COUNT_PRUNED)[0])

    def pruned_by_campaign(self) -> Mapping[str, int]:
        """Return how many messages were moved of each campaign."""
        from notifykit.outbox.sqlite.standing import archived  # likewise

        return archived(self.db)

    def archives(self) -> list[ArchivePlace]:
        """Return where messages were moved to."""
        from notifykit.outbox.pruned import ArchivePlace  # likewise

        return [
            ArchivePlace(path=path, host=host, since=since, until=until, tasks=tasks)
            for path, host, since, until, tasks in self.db.all(_ARCHIVES)
        ]


def _of_nobody(which: Filter) -> bool:
    """Whether only rows are asked for that are foreign, or an old program's that nobody has adopted."""
    return bool(which.statuses) and {Status.FOREIGN, Status.PENDING}.issuperset(which.statuses)


def _where(which: Filter) -> tuple[str, list[Any]]:
    terms: list[str] = []
    values: list[Any] = []
    for column, value in (
        ("campaign", which.campaign),
        ("record_key", which.key),
        ("channel", which.channel),
    ):
        if column == "record_key" and value is not None and which.campaign is None:
            terms.append(_OF_KEY)
            values += (value, value)
        elif value is not None:
            terms.append(f"{column} = ?")
            values.append(value)
    if which.keys:
        terms.append(f"record_key IN ({', '.join('?' * len(which.keys))})")
        values += which.keys
    if _of_nobody(which):
        terms.append(rows.perhaps_foreign())
    elif which.statuses and Status.FOREIGN not in which.statuses:
        terms.append(f"status IN ({', '.join('?' * len(which.statuses))})")
        values += which.statuses
    if which.ids:
        terms.append(f"id IN ({', '.join('?' * len(which.ids))})")
        values += which.ids
    return " AND ".join(terms) or "TRUE", values
