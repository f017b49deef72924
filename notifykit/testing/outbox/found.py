"""What several processes did to one store, and what they left there."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from notifykit.model import Status
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.totals import ATTEMPTS
from notifykit.outbox.values import Filter

CLOSED = (Status.SENT, Status.CANCELLED)


@dataclass(frozen=True, slots=True)
class Found:
    """What was done, and what is there at the end."""

    lines: Sequence[dict[str, Any]]
    by_status: dict[str, list[int]]
    recipients: dict[int, str]
    attempts: int
    """How many have ended."""
    counted: float
    """How many are in the totals, once all are counted."""

    @classmethod
    def of(cls, folder: Path, outbox: Outbox) -> Found:
        """Read both."""
        lines = [json.loads(line) for line in (folder / "parties.jsonl").read_text().splitlines()]
        by_status: dict[str, list[int]] = defaultdict(list)
        recipients = {}
        attempts = 0
        while outbox.roll_up(100):
            pass
        for task in outbox.tasks(Filter()):
            by_status[task.status.value].append(task.id)
            recipients[task.id] = task.recipient
            attempts += sum(one.finished_at is not None for one in outbox.attempts(task.id))
        counted = sum(value for total, value in outbox.totals().items() if total.name == ATTEMPTS)
        return cls(lines, dict(by_status), recipients, attempts, counted)

    @property
    def left(self) -> dict[str, list[int]]:
        """What is neither sent nor cancelled."""
        return {status: ids for status, ids in self.by_status.items() if status not in CLOSED}

    @property
    def sent(self) -> set[int]:
        """Ids of what was sent."""
        return set(self.by_status.get("sent", ()))

    @property
    def queued(self) -> set[int]:
        """Ids of all that was ever queued."""
        return set(self.recipients)

    def said(self, what: str) -> list[dict[str, Any]]:
        """Return what the processes said of one kind, in order."""
        return [line for line in self.lines if line["what"] == what]

    def not_sent_once(self) -> dict[int, int]:
        """Return the tasks that were called more often than once, or never, with the number."""
        calls = Counter(dict.fromkeys(self.recipients, 0))
        calls.update(line["id"] for line in self.said("called"))
        return {id_: count for id_, count in calls.items() if count != 1}

    def moves(self) -> dict[int, list[int]]:
        """Return, by task, the numbers of the attempts that moved it."""
        found: dict[int, list[int]] = defaultdict(list)
        for line in self.said("recorded"):
            if line["moved"]:
                found[line["id"]].append(line["token"])
        return found

    def require_order(self) -> None:
        """Assert that each recipient was called in the order of queueing, one call at a time."""
        lanes: dict[str, list[int]] = defaultdict(list)
        for line in self.said("called"):
            lanes[self.recipients[line["id"]]].append(line["id"])
        for recipient, ids in lanes.items():
            assert ids == sorted(ids), f"{recipient}: {ids}"

    def require_own_ids(self) -> None:
        """Assert that each generator was told of its own tasks, and of all of them."""
        told = Counter(id_ for line in self.said("queued") for id_ in line["ids"])
        assert told == Counter(list(self.recipients))
