"""Looking at the SQLite outbox: tasks, their stories, and figures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from notifykit.model import Attempt, Status, Task
from notifykit.outbox.protocol import CampaignFigures, Event, Filter
from notifykit.outbox.sqlite import rows
from notifykit.outbox.sqlite.database import Database

_ATTEMPTS = f"""
SELECT {rows.ATTEMPT_COLUMNS} FROM attempts WHERE task_id = :id
 UNION ALL
SELECT id, attempts, channel, worker, started_at, NULL, NULL, NULL, NULL, NULL, NULL FROM tasks
 WHERE id = :id AND status = 'sending'
 ORDER BY 2
"""


class Looking:
    """Methods of the outbox that only read."""

    db: Database

    def tasks(self, which: Filter) -> Iterator[Task]:
        """Yield tasks in id order."""
        terms, values = _where(which)
        limit = "" if which.limit is None else f" LIMIT {int(which.limit)}"
        sql = f"SELECT {rows.TASK_COLUMNS} FROM tasks{terms} ORDER BY id{limit}"
        for row in self.db.execute(sql, values):
            yield rows.task(row)

    def attempts(self, task_id: int) -> list[Attempt]:
        """Return a task's attempts in order, one that is under way included."""
        return [rows.attempt(row) for row in self.db.all(_ATTEMPTS, {"id": task_id})]

    def events(self, task_id: int) -> list[Event]:
        """Return what else happened to a task, in order."""
        found = self.db.all(
            "SELECT at, task_id, kind, who, detail FROM events WHERE task_id = ? ORDER BY id", (task_id,)
        )
        return [Event(at=at, task_id=id_, kind=kind, who=who, detail=detail) for at, id_, kind, who, detail in found]

    def figures(self) -> list[CampaignFigures]:
        """Return how each campaign stands."""
        campaigns = [
            campaign
            for (campaign,) in self.db.all(
                "SELECT campaign FROM campaigns UNION SELECT DISTINCT campaign FROM tasks"
                " WHERE campaign IS NOT NULL ORDER BY campaign"
            )
        ]
        return [self._figures(campaign) for campaign in campaigns]

    def _figures(self, campaign: str) -> CampaignFigures:
        db = self.db
        counted = db.all("SELECT status, count(*) FROM tasks WHERE campaign = ? GROUP BY status", (campaign,))
        by_status = {Status(status): count for status, count in counted}
        prevented = db.one("SELECT duplicates_prevented FROM campaigns WHERE campaign = ?", (campaign,))
        verdicts = dict(
            db.all(
                "SELECT verdict, count(*) FROM attempts JOIN tasks ON tasks.id = task_id"
                " WHERE campaign = ? GROUP BY verdict",
                (campaign,),
            )
        )
        finished = sum(verdicts.values())
        wait = "SELECT sent_at - queued_at AS x FROM tasks WHERE campaign = ? AND sent_at IS NOT NULL"
        call = (
            "SELECT call_seconds AS x FROM attempts JOIN tasks ON tasks.id = task_id"
            " WHERE campaign = ? AND call_seconds IS NOT NULL"
        )
        (oldest,) = db.one(
            "SELECT min(queued_at) FROM tasks WHERE campaign = ? AND status IN ('queued', 'sending')",
            (campaign,),
        )
        return CampaignFigures(
            campaign=campaign,
            by_status=by_status,
            flags_owed=self._flags_owed(campaign),
            duplicates_prevented=prevented[0] if prevented else 0,
            success_rate=verdicts.get("accepted", 0) / finished if finished else None,
            queued_to_sent_p50=self._percentile(wait, campaign, 0.50),
            queued_to_sent_p95=self._percentile(wait, campaign, 0.95),
            call_p50=self._percentile(call, campaign, 0.50),
            call_p95=self._percentile(call, campaign, 0.95),
            oldest_waiting=oldest,
            errors=self._errors(campaign),
        )

    def _flags_owed(self, campaign: str) -> int:
        (count,) = self.db.one(
            "SELECT count(DISTINCT record_key) FROM tasks INDEXED BY tasks_owed WHERE status = 'sent' AND campaign = ?"
            " AND NOT EXISTS (SELECT 1 FROM tasks AS sibling INDEXED BY tasks_dedup"
            " WHERE sibling.campaign = tasks.campaign AND sibling.record_key = tasks.record_key"
            " AND sibling.status NOT IN ('sent', 'completed', 'cancelled'))",
            (campaign,),
        )
        return int(count)

    def _errors(self, campaign: str) -> dict[str, int]:
        return dict(
            self.db.all(
                "SELECT coalesce(code, verdict), count(*) FROM attempts JOIN tasks ON tasks.id = task_id"
                " WHERE campaign = ? AND verdict <> 'accepted' GROUP BY 1 ORDER BY 2 DESC, 1",
                (campaign,),
            )
        )

    def _percentile(self, values: str, campaign: str, share: float) -> float | None:
        """Nearest rank."""
        (count,) = self.db.one(f"SELECT count(*) FROM ({values})", (campaign,))
        if not count:
            return None
        at = min(count - 1, int(count * share))
        (value,) = self.db.one(f"{values} ORDER BY x LIMIT 1 OFFSET ?", (campaign, at))
        return float(value)


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
    for column, chosen in (("status", which.statuses), ("id", which.ids)):
        if chosen:
            terms.append(f"{column} IN ({', '.join('?' * len(chosen))})")
            values += chosen
    return (" WHERE " + " AND ".join(terms) if terms else ""), values
