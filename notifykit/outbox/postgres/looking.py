"""Looking at the PostgreSQL outbox: tasks, their stories, figures, and notes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from notifykit.model import Attempt, Task
from notifykit.outbox import cells
from notifykit.outbox.postgres import events, rows
from notifykit.outbox.postgres.database import Database
from notifykit.outbox.searched import Searched
from notifykit.outbox.values import CampaignFigures, Event, Filter, RecentFigures

if TYPE_CHECKING:
    from notifykit.outbox.pruned import ArchivePlace, PrunedMessage
    from notifykit.outbox.recent import Calls
    from notifykit.outbox.totals import Totals
    from notifykit.roles import Rate

PAGE = 1_000
"""Rows that one statement of `tasks` reads at most."""

# `tasks`: a page of those that a filter leaves.
_PAGE = f"SELECT {rows.TASK} FROM {rows.TASKS} WHERE {{terms}} ORDER BY t.id LIMIT %s"

# `attempts`: those of a task, and the one that is under way.
_ATTEMPTS = f"""
SELECT {rows.ATTEMPT} FROM outbox.attempts WHERE task_id = %(id)s
 UNION ALL
SELECT id, attempts, channel, worker, started_at, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM outbox.tasks
 WHERE id = %(id)s AND status = 'sending'
 ORDER BY 2
"""

# `pruned`: what was moved of a key.
_PRUNED = """
SELECT campaign, record_key, message_name, max(rounds), max(period) FROM outbox.pruned
  JOIN outbox.pruned_messages ON pruned_messages.id = message
 WHERE record_key = %(key)s AND (%(campaign)s::text IS NULL OR campaign = %(campaign)s)
 GROUP BY campaign, record_key, message_name ORDER BY campaign, message_name
"""

# `count_pruned`: all of it.
_COUNT_PRUNED = "SELECT count(*) FROM outbox.pruned"

# `archives`: where it went.
_ARCHIVES = "SELECT path, host, since, until, tasks FROM outbox.archives ORDER BY until DESC, path"


class Looking:
    """Methods of the outbox that read, and what the host keeps for itself."""

    db: Database

    def tasks(self, which: Filter) -> Iterator[Task]:
        """Yield tasks in id order, read by pages: nothing stays open while the caller has one of them."""
        return islice(self._tasks(which), which.limit)

    def _tasks(self, which: Filter) -> Iterator[Task]:
        terms, values = _where(which)
        size = PAGE if which.limit is None else min(which.limit, PAGE)
        after = 0
        while True:
            found = self.db.all(_PAGE.format(terms=terms), (after, *values, size))
            yield from map(rows.task, found)
            if len(found) < size or not found:
                return
            after = found[-1][0]

    def search(self, words: str, which: Filter, *, before: int | None, read: int, most: int) -> Searched:
        """Look for words in the latest messages, within so many ids."""
        from notifykit.outbox.postgres.searching import search  # few commands ask

        terms, values = _where(which)
        return search(self.db, words, terms, values, before=before, read=read, most=most)

    def attempts(self, task_id: int) -> list[Attempt]:
        """Return a task's attempts in order, one that is under way included."""
        return [cells.attempt(row) for row in self.db.all(_ATTEMPTS, {"id": task_id})]

    def contents(self, sha256: str) -> bytes:
        """Return what an attachment of a task holds."""
        from notifykit.outbox.postgres.contents import read  # few messages carry any

        return read(self.db, sha256)

    def events(self, task_id: int) -> list[Event]:
        """Return what else happened to a task, in order."""
        return events.of_task(self.db, task_id)

    def figures(self) -> list[CampaignFigures]:
        """Return how each campaign stands, by name."""
        from notifykit.outbox.postgres.standing import figures  # few commands ask

        return figures(self.db)

    def used(self, limits: Mapping[str, Sequence[Rate]]) -> Mapping[str, Sequence[int]]:
        """Return how many attempts count now for each of these rates, by channel."""
        from notifykit.outbox.postgres.rates import used  # likewise

        return used(self.db, limits, self.db.now())

    def recent(self, since: float, until: float) -> list[RecentFigures]:
        """Return what happened to each campaign's messages from `since` to before `until`."""
        from notifykit.outbox.postgres.recent import recent  # likewise

        return recent(self.db, since, until)

    def recent_calls(self, since: float, until: float, longer: float) -> Mapping[str, Calls]:
        """Return by channel the calls that ended from `since` to before `until`, and how many took over `longer`."""
        from notifykit.outbox.postgres.recent import recent_calls  # likewise

        return recent_calls(self.db, since, until, longer)

    def notes(self, topic: str) -> Mapping[str, str]:
        """Return the notes of a topic, by name."""
        from notifykit.outbox.postgres.notes import notes  # likewise

        return notes(self.db, topic)

    def keep_note(self, topic: str, name: str, note: str | None) -> None:
        """Keep a note; None: there is none any more."""
        from notifykit.outbox.postgres.notes import keep_note  # likewise

        keep_note(self.db, topic, name, note)

    def roll_up(self, most: int, *, more: Totals | None = None, least: Totals | None = None) -> int:
        """Count finished attempts; returns how many."""
        from notifykit.outbox.postgres.counting import roll_up  # likewise

        return roll_up(self.db, most, more or {}, least or {})

    def totals(self) -> Totals:
        """Return all totals."""
        from notifykit.outbox.postgres.counting import totals  # likewise

        return totals(self.db)

    def oldest_snapshot(self) -> float:
        """Return the age of the oldest snapshot, in seconds; 0 where there is none."""
        from notifykit.outbox.postgres.counting import oldest_snapshot  # likewise

        return oldest_snapshot(self.db)

    def pruned(self, key: str, campaign: str | None = None) -> list[PrunedMessage]:
        """Return what was moved of a key."""
        from notifykit.outbox.pruned import PrunedMessage  # likewise

        if not rows.storable(key):
            return []
        return [
            PrunedMessage(campaign=name, key=key_, name=message, rounds=rounds, period=period)
            for name, key_, message, rounds, period in self.db.all(_PRUNED, {"key": key, "campaign": campaign})
        ]

    def count_pruned(self) -> int:
        """Return how many messages were moved."""
        return int(self.db.one(_COUNT_PRUNED)[0])

    def pruned_by_campaign(self) -> Mapping[str, int]:
        """Return how many messages were moved of each campaign."""
        from notifykit.outbox.postgres.standing import archived  # likewise

        return archived(self.db)

    def archives(self) -> list[ArchivePlace]:
        """Return where messages were moved to."""
        from notifykit.outbox.pruned import ArchivePlace  # likewise

        return [
            ArchivePlace(path=path, host=host, since=since, until=until, tasks=tasks)
            for path, host, since, until, tasks in self.db.all(_ARCHIVES)
        ]


def _where(which: Filter) -> tuple[str, list[Any]]:
    terms = ["t.id > %s"]
    values: list[Any] = []
    for column, value in (
        ("t.campaign", which.campaign),
        ("m.record_key", which.key),
        ("t.channel", which.channel),
    ):
        if value is not None:
            terms.append(f"{column} = %s")
            values.append(rows.clean(value))
    if which.keys:
        terms.append("m.record_key = ANY (%s::text[])")
        values.append([rows.clean(key) for key in which.keys])
    if which.statuses:
        terms.append("t.status = ANY (%s::text[])")
        values.append([str(status) for status in which.statuses])
    if which.ids:
        terms.append("t.id = ANY (%s::bigint[])")
        values.append(list(which.ids))
    return " AND ".join(terms), values
