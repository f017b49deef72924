"""Checks that every decision of a plan is one task, and that each task is where it may be."""

from __future__ import annotations

import sqlite3
import sys
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from typing import NamedTuple

from notifykit.outbox.sqlite.stored import StoredOutbox
from notifykit.wording.translation import gettext
from notifykit_migration.model import CampaignPlan, Check, CheckResult, MessageTreatment, Plan, Treatment
from notifykit_migration.verify.differences import first_of
from notifykit_migration.wording import checks as named

SHOWN = 20
"""Differences that are listed."""

_ACCEPTED = ("sent", "completed")


class _Stand(NamedTuple):
    """What a decision is compared with of a task, beside its id. Thousands stand alike."""

    name: str
    round: int
    status: str
    attempts: int
    text: int
    """A hash, where the plan has a text; else 0."""


_Task = tuple[int, _Stand]


def tasks_of_plan(connection: sqlite3.Connection, plan: Plan, *, strict: bool) -> Check:
    """Compare the outbox with a plan. `strict`: nothing can have happened to a task since."""
    what = named.CONTRACTS_ONCE()
    stored = StoredOutbox(connection)
    told = stored.decided_about()
    wrong: list[str] = []
    contracts = tasks = 0
    for part in plan.campaigns:
        there: dict[str, list[_Task]] = defaultdict(list)
        same: dict[_Stand, _Stand] = {}
        worded = {one.key for one in part.contracts if any(item.text is not None for item in one.decisions)}
        for task in stored.tasks_in_brief(campaign=part.campaign):
            text = hash(task.text) if task.key in worded else 0
            stand = _Stand(task.name, task.round, task.status, task.attempts, text)
            there[sys.intern(task.key)].append((task.id, same.setdefault(stand, stand)))
        for contract in part.contracts:
            contracts += 1
            for item in contract.decisions:
                if item.decision.status is not None:
                    tasks += 1
                    found = [
                        task
                        for task in there.get(contract.key, ())
                        if task[1].name == item.message and task[1].round == item.round
                    ]
                    if (why := _wrong(item, found, told, strict=strict)) is not None:
                        wrong.append(f"{part.campaign} {contract.key} {item.message}: {why}")
        wrong += _twice(part)
    if not wrong:
        evidence = gettext(
            "{contracts} contracts, {tasks} tasks, each there exactly once", contracts=contracts, tasks=tasks
        )
        return Check(what=what, result=CheckResult.PASSED, evidence=evidence)
    return Check(what=what, result=CheckResult.FAILED, evidence=first_of(wrong), details=tuple(wrong[:SHOWN]))


def _twice(part: CampaignPlan) -> Iterator[str]:
    seen = Counter(contract.key for contract in part.contracts)
    return (
        gettext("{campaign} {key}: planned {count} times", campaign=part.campaign, key=key, count=count)
        for key, count in seen.items()
        if count > 1
    )


def _wrong(item: MessageTreatment, found: list[_Task], told: Collection[int], *, strict: bool) -> str | None:
    """Say what is wrong with the task of a decision; None where nothing is."""
    if len(found) != 1:
        return gettext("{number} tasks instead of one", number=len(found))
    ((id_, task),) = found
    if item.text is not None and task.text != hash(item.text):
        return gettext("task {id} has another text than the plan", id=id_)
    if strict and task.status != item.decision.status:
        return gettext(
            "task {id} is {status}, the plan says {planned}", id=id_, status=task.status, planned=item.decision.status
        )
    sent = item.decision in (Treatment.SENT, Treatment.ASSUME)
    if sent and task.status not in _ACCEPTED:
        return gettext("task {id} was sent, and is {status}", id=id_, status=task.status)
    if not sent and task.status in _ACCEPTED and not task.attempts and id_ not in told:
        return gettext("task {id} is {status}, though nobody sent it and nobody decided so", id=id_, status=task.status)
    return None
