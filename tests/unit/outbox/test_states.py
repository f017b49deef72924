"""docs/states.md tells what every operation does to a task in every status: the store itself is asked."""

from __future__ import annotations

import random
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from notifykit.campaign.campaign import MessagePlan
from notifykit.errors import NotifykitError, StoreError
from notifykit.model import Claim, Draft, OnUnknown, Outcome, Status
from notifykit.operate import decisions
from notifykit.operate.decisions import Resolution, Selection
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite.adopting import BECOMES, Adoption
from notifykit.outbox.values import ChannelBounds, Filter, Transition
from notifykit.pipeline.judge import doubtful, judge
from notifykit.testing.outbox.steps import finish, take
from notifykit.wording import Reason, Wording
from notifykit.wording.host import EXPIRED, HOST

PAGE = Path(__file__).parents[3] / "docs" / "states.md"

NEW = "–"
"""Stands for no task."""

Change = tuple[str, str, str]
"""From, to, operation."""

DRAFT = Draft(campaign="c", key="k", name="n", recipient="r", text="t", channel="ch", task_type="x")


@dataclass(frozen=True)
class Case:
    """A task in some status, and the last claim of it."""

    outbox: SqliteOutbox
    id: int
    claim: Claim | None


def put(outbox: SqliteOutbox, status: Status) -> Case:
    """Bring a task into a status, in the ways that tasks have."""
    if status is Status.PENDING:
        with closing(sqlite3.connect(outbox.db.path)) as old, old:
            old.execute("INSERT INTO tasks (task_type, recipient, message) VALUES ('x', 'r', 't')")
        return Case(outbox, 1, None)
    outbox.enqueue([DRAFT])
    (claim,) = take(outbox, "w", 1, {"ch": ChannelBounds()}, 60)
    if status in (Status.QUEUED, Status.CANCELLED):
        outbox.release(claim)
    if status is Status.CANCELLED:
        outbox.decide([1], Status.CANCELLED, who="p", why="y", of=[Status.QUEUED])
    ends = {Status.SENT: Outcome.accepted(), Status.COMPLETED: Outcome.accepted()}
    ends |= {Status.FAILED: Outcome.rejected("no"), Status.IN_DOUBT: Outcome.unknown("lost")}
    if status in ends:
        then = Status.SENT if status is Status.COMPLETED else status
        finish(outbox, claim, ends[status], Transition(status=then))
    if status is Status.COMPLETED:
        outbox.complete([1])
    if status is Status.FOREIGN:
        outbox.db.execute("UPDATE tasks SET status = 'processing'")  # as another program does
    (task,) = outbox.tasks(Filter())
    assert task.status is status
    return Case(outbox, task.id, claim)


def then(claim: Claim, outcome: Outcome, on_unknown: OnUnknown) -> Transition:
    facts: dict[str, Any] = {"name": "n", "channel": None, "recipient": str, "text": str}
    return judge(claim, outcome, MessagePlan(**facts, on_unknown=on_unknown), 0.0, random.Random(1))


def outcome(outcome: Outcome, on_unknown: OnUnknown, case: Case) -> None:
    if case.claim is not None:
        finish(case.outbox, case.claim, outcome, then(case.claim, outcome, on_unknown))


def expire(on_unknown: OnUnknown, case: Case) -> None:
    if case.claim is not None:
        gone = doubtful(case.claim)
        case.outbox.expire(case.claim, gone, then(case.claim, gone, on_unknown))


def heartbeat(case: Case) -> None:
    if case.claim is not None:
        case.outbox.heartbeat([case.claim])


def claim(case: Case) -> None:
    take(case.outbox, "other", 1, {"ch": ChannelBounds()}, 60)


def claim_what_another_program_damaged(case: Case) -> None:
    case.outbox.db.execute("UPDATE tasks SET metadata = '{broken' WHERE campaign IS NOT NULL")
    claim(case)


def watch_what_another_program_wrote_over(case: Case) -> None:
    case.outbox.db.execute("UPDATE tasks SET worker = x'ff' WHERE campaign IS NOT NULL")
    case.outbox.mend_times()


def release(case: Case) -> None:
    if case.claim is not None:
        case.outbox.release(case.claim)


def put_off(then: Transition, case: Case) -> None:
    if case.claim is not None:
        case.outbox.give_back([(case.claim, then)])


def cancel_expired(case: Case) -> None:
    case.outbox.db.execute("UPDATE tasks SET expires_at = 1.0 WHERE campaign IS NOT NULL")
    case.outbox.cancel_expired()


def person(resolution: Resolution, case: Case) -> None:
    with suppress(NotifykitError):
        decisions.decide(case.outbox, Selection(ids=(case.id,)), resolution, who="p", why="y", wording=Wording(HOST))


def undo(case: Case) -> None:
    for decision in case.outbox.decisions(1):
        case.outbox.undo(decision.id, who="p", why="y")


def resend(case: Case) -> None:
    with suppress(NotifykitError):
        decisions.resend(case.outbox, "c", "k", who="p", why="y")


def adopt(status: Status, id_: int | None, case: Case) -> None:
    draft = DRAFT if id_ is not None else Draft(**{name: getattr(DRAFT, name) for name in NAMED} | {"key": "another"})
    with suppress(StoreError):
        case.outbox.adopt([Adoption(draft=draft, status=status, id=id_, reason=Reason("y"), at=1.0)], who="p")


NAMED = ("campaign", "key", "name", "recipient", "text", "channel", "task_type")

OUTCOMES = (
    *(Outcome.accepted(), Outcome.rejected("no"), Outcome.retry("busy"), Outcome.retry("busy", max_tries=1)),
    Outcome.unknown("lost"),
)

OPERATIONS: dict[str, list[Callable[[Case], object]]] = {
    "generate": [
        lambda case: case.outbox.enqueue([DRAFT]),
        lambda case: case.outbox.reopen_write_back("c", ["k"]),
    ],
    "claim": [claim, claim_what_another_program_damaged],
    "release": [release],
    "put off": [
        partial(put_off, Transition(status=Status.QUEUED, not_before=9e9)),
        partial(put_off, Transition(status=Status.CANCELLED, reason=EXPIRED())),
        cancel_expired,
    ],
    "outcome": [partial(outcome, *given) for given in product(OUTCOMES, OnUnknown)],
    "settle": [
        lambda case: case.outbox.complete([case.id]),
        lambda case: case.outbox.note_refused_write_back({case.id: Reason("locked")}),
    ],
    "expire": [partial(expire, on_unknown) for on_unknown in OnUnknown],
    "watch": [heartbeat, lambda case: case.outbox.mend_times(), watch_what_another_program_wrote_over],
    "retry": [partial(person, Resolution.RETRY)],
    "resolve --sent": [partial(person, Resolution.SENT)],
    "resolve --resend": [partial(person, Resolution.RESEND)],
    "resolve --cancel": [partial(person, Resolution.CANCEL)],
    "resend": [resend],
    "undo": [undo],
    "migrate": [partial(adopt, status, id_) for status in BECOMES for id_ in (1, None)],
}
"""What can be done to a task, under the name that the page has for it, with everything that it can be given."""


DECISIONS: list[Callable[[Case], object]] = [*(partial(person, one) for one in Resolution), resend]


def happened(folder: Path) -> Iterator[Change]:
    """Try every operation on a task in every status, and on an empty store; and take back what a person decided."""
    new = folder / "new.db"
    SqliteOutbox.open(new).close()
    tried = [
        (operation, status, first, way)
        for operation, ways in OPERATIONS.items()
        for status, first, way in product((None, *Status), (None, *DECISIONS) if operation == "undo" else (None,), ways)
    ]
    for number, (operation, status, first, way) in enumerate(tried):
        with SqliteOutbox.open(shutil.copyfile(new, folder / f"{number}.db")) as outbox:
            case = put(outbox, status) if status is not None else Case(outbox, 1, None)
            if first is not None:
                first(case)
            before = {task.id: task.status for task in outbox.tasks(Filter())}
            way(case)
            for task in outbox.tasks(Filter()):
                if before.get(task.id) != task.status:
                    yield str(before.get(task.id, NEW)), str(task.status), operation


def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def told(text: str) -> list[Change]:
    """What the table says."""
    (section,) = re.findall(r"^## Every transition\n(.*?)^## ", text, re.MULTILINE | re.DOTALL)
    found = re.findall(r"^\| (?:`(\w+)`|–) \| `(\w+)` \| `([^`]+)` \|", section, re.MULTILINE)
    return [(before or NEW, after, operation) for before, after, operation in found]


def test_the_page_tells_every_transition_and_no_other(tmp_path: Path) -> None:
    assert sorted(told(page())) == sorted(set(happened(tmp_path)))


def test_what_no_transition_leaves_is_an_end() -> None:
    first = page().partition("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", first, re.MULTILINE))
    assert rows.keys() == {status.value for status in Status}
    left = {before for before, *_ in told(page())} - {NEW}
    assert {status for status, how in rows.items() if how == NEW} == rows.keys() - left


@pytest.mark.parametrize("status", Status)
def test_a_task_can_be_in_every_status(tmp_path: Path, status: Status) -> None:
    with SqliteOutbox.open(tmp_path / "x.db") as outbox:
        put(outbox, status)
