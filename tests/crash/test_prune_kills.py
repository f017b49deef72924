"""SIGKILL before every state-changing call of `notifykit store prune`: nothing is lost, and nothing is there twice."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from pathlib import Path

import pytest
from killing import Choose, kill_points, killed_in_copies, spread, within
from support_path import with_support

from notifykit.clock import SystemClock
from notifykit.messages.attachments import Attachment
from notifykit.messages.receipts import SentOutcome
from notifykit.model import Attempt, Batch, Outcome, Status, Task
from notifykit.operate.pruning import prune
from notifykit.operate.receiving import receipt
from notifykit.outbox.digests import Membership
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.sqlite.archive import Archive
from notifykit.outbox.sqlite.store import SqliteAddress, SqliteOutbox
from notifykit.outbox.values import ChannelBounds, Filter, Transition
from notifykit.testing.outbox.steps import finish, queue, queue_drafts, take
from notifykit.testing.samples import draft

pytestmark = pytest.mark.crash

REDUCED = 8
"""Points in `make test`, where seconds count. `make crash` has all of them."""

DONE, WAITING = 6, 2
"""Messages. Two of those that are done went in a digest, with a file, and came back."""

ALL = DONE + 1
"""With the digest."""

FILE = Attachment.of("f.bin", b"\x00" * 5000)

Told = dict[int, tuple[Task, list[Attempt], SentOutcome, list[Membership], bytes]]


class YearsAgo(SystemClock):
    def now(self) -> float:
        return super().now() - 400 * 86_400


def fill(outbox: SqliteOutbox) -> None:
    done = queue(outbox, *(f"K{number}" for number in range(2, DONE)))
    of = {
        "recipient": "r",
        "batch": Batch(wait=0.0, most=9),
        "attachments": (FILE,),
        "options": {"file": FILE.as_data()},
    }
    done += queue_drafts(outbox, [draft(key=f"K{number}", period="2026", **of) for number in range(2)])  # type: ignore[arg-type]
    for one in take(outbox, "w", DONE, {"robot": ChannelBounds()}, 60):
        members = outbox.members(one.task.id)
        fixed = outbox.fix(one, [task.id for task in members], "both") if members else one
        assert fixed is not None
        finish(outbox, fixed, Outcome.accepted(vendor_id=str(one.task.id)), Transition(status=Status.SENT))
        receipt(outbox, "bounced", task=one.task.id, at=5.0)
    outbox.complete([task.id for task in outbox.tasks(Filter())])
    queue(outbox, *(f"L{number}" for number in range(WAITING)))


def told(outbox: Outbox) -> Told:
    return {
        task.id: (
            task,
            outbox.attempts(task.id),
            outbox.outcomes([task.id])[task.id],
            [one for one in outbox.memberships([task.id]) if one.task_id == task.id],
            outbox.contents(FILE.sha256) if task.options else b"",
        )
        for task in outbox.tasks(Filter())
    }


def holds(folder: Path) -> tuple[Told, Told, int]:
    """What the store and the archive hold, and how many keys stayed."""
    clock = SystemClock()
    with closing(SqliteOutbox.open(folder / "notifykit.db")) as outbox:
        there, pruned, identity = told(outbox), outbox.count_pruned(), outbox.identity
        offered = [draft(key=f"K{number}", period="" if number > 1 else "2026") for number in range(DONE)]
        assert outbox.enqueue(offered).new == 0, "none is queued again, wherever it was killed"
    file = folder / "notifykit-archive.db"
    with closing(Archive.open(file, identity=identity, of="x", like=None, clock=clock)) as archive:
        return there, told(archive.outbox), pruned


def sweep(folder: Path, choose: Choose) -> None:
    before, there = folder / "before", folder / "there"
    before.mkdir()
    there.mkdir()
    with closing(SqliteOutbox.open(before / "notifykit.db", YearsAgo())) as outbox:
        fill(outbox)
        whole = told(outbox)
    (before / "notifykit.yaml").write_text("store: notifykit.db\n", encoding="utf-8")
    for name in before.iterdir():
        (there / name.name).write_bytes(name.read_bytes())
    command = [sys.executable, "-m", "notifykit", "--project", str(there / "notifykit.yaml"), "store", "prune"]
    environment = with_support(os.environ)
    points = kill_points(command, environment, folder / "calls.log")
    ends = set()
    for point in killed_in_copies(command, environment, before, there, choose(within(points, there))):
        left, moved, pruned = holds(there)
        assert {**moved, **left} == whole, point
        assert len(left) in (WAITING, ALL + WAITING), point
        ends.add((len(left), len(moved)))
        finish_it(there)
        left, moved, pruned = holds(there)
        assert (len(left), len(moved), pruned) == (WAITING, ALL, DONE), point
        assert {**moved, **left} == whole, point
    assert (ALL + WAITING, 0) in ends


def finish_it(folder: Path) -> None:
    clock, address = SystemClock(), SqliteAddress(folder / "notifykit.db")
    with closing(address.open(clock)) as outbox:
        prune(outbox, address, folder / "notifykit-archive.db", clock.now() - 180 * 86_400, clock)


@pytest.mark.long
def test_killed_at_some_places(tmp_path: Path) -> None:
    sweep(tmp_path, lambda points: spread(points, REDUCED))


@pytest.mark.deep
@pytest.mark.timeout(1200)
def test_killed_everywhere(tmp_path: Path) -> None:
    sweep(tmp_path, lambda points: points)
