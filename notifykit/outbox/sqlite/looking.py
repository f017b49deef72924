"""Looking at the SQLite outbox: tasks, their stories, figures, and notes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from notifykit.model import Attempt, Status, Task
from notifykit.outbox import cells
from notifykit.outbox.sqlite import events, rows
from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.values import CampaignFigures, Event, Filter, RecentFigures

if TYPE_CHECKING:
    from notifykit.outbox.pruned import ArchivePlace, PrunedMessage
    from notifykit.outbox.totals import Totals

PAGE = 1_000
"""Rows that one statement of `tasks` reads at most."""

# `tasks`: a page of those that a filter leaves.
_PAGE = f"SELECT {rows.selected(rows.TASK_COLUMNS)} FROM {{table}} WHERE {{terms}} ORDER BY id LIMIT ?"

# Parts of `_PAGE`. A further page is found by id: an index that finds many of them would sort them again for each.
_BY_ANY, _BY_ID, _PERHAPS_FOREIGN = "tasks", "tasks NOT INDEXED", "tasks INDEXED BY tasks_foreign"

# `attempts`: those of a task, and the one that is under way.
_ATTEMPTS = f"""
SELECT {rows.selected(cells.ATTEMPT_COLUMNS)} FROM attempts WHERE task_id = :id
 UNION ALL
SELECT id, attempts, channel, worker, started_at, NULL, NULL, NULL, NULL, NULL, NULL FROM tasks
 WHERE id = :id AND status = 'sending' AND {rows.claimed()}
 ORDER BY 2
"""

# `pruned`: what was moved of a key.
_PRUNED = """
SELECT campaign, record_key, message_name, max(rounds)
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
        found = self.db.all(_PAGE.format(table=first, terms=terms), (*values, size))
        while found:
            for task in map(rows.task, found):
                if not which.statuses or task.status in which.statuses:
                    yield task
            if len(found) < size:
                return
            page = _PAGE.format(table=further, terms=f"id > ? AND {terms}")
            found = self.db.all(page, (found[-1][0], *values, size))

    def attempts(self, task_id: int) -> list[Attempt]:
        """Return a task's attempts in order, one that is under way included."""
        return [cells.attempt(row) for row in self.db.all(_ATTEMPTS, {"id": task_id})]

    def events(self, task_id: int) -> list[Event]:
        """Return what else happened to a task, in order."""
        return events.of_task(self.db, task_id)

    def figures(self) -> list[CampaignFigures]:
        """Return how each campaign stands, by name."""
        from notifykit.outbox.sqlite.standing import figures  # few commands ask

        return figures(self.db)

    def recent(self, since: float, until: float) -> list[RecentFigures]:
        """Return what happened to each campaign's messages from `since` to before `until`."""
        from notifykit.outbox.sqlite.recent import recent  # likewise

        return recent(self.db, since, until)

    def notes(self, topic: str) -> Mapping[str, str]:
        """Return the notes of a topic, by name."""
        from notifykit.outbox.sqlite.notes import notes  # likewise

        return notes(self.db, topic)

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
            PrunedMessage(campaign=name, key=key_, name=message, rounds=rounds)
            for name, key_, message, rounds in self.db.all(_PRUNED, {"key": key, "campaign": campaign})
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
        if value is not None:
            terms.append(f"{column} = ?")
            values.append(value)
    if _of_nobody(which):
        terms.append(rows.perhaps_foreign())
    elif which.statuses and Status.FOREIGN not in which.statuses:
        terms.append(f"status IN ({', '.join('?' * len(which.statuses))})")
        values += which.statuses
    if which.ids:
        terms.append(f"id IN ({', '.join('?' * len(which.ids))})")
        values += which.ids
    return " AND ".join(terms) or "TRUE", values
