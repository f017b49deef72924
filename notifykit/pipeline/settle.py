"""settle: write the results of sent tasks where people and old programs look."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from notifykit.campaign.campaign import Campaign
from notifykit.errors import CampaignError
from notifykit.messages.receipts import SentOutcome
from notifykit.model import Owed, Task
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import is_reserved
from notifykit.pipeline.observers import Nobody, Observers
from notifykit.redaction import redact, redact_data
from notifykit.roles import WriteBack
from notifykit.wording import Reason
from notifykit.wording.host import WRITE_BACK_FAILED, WRITE_BACK_ODD, WRITE_BACK_SILENT
from notifykit.wording.translation import untranslated

log = logging.getLogger(__name__)


_BEFORE_ALL = -(2**63)
"""Below every id: rows of an old program can have negative ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What one pass over one campaign did."""

    campaign: str
    completed: int
    """Tasks whose result is written back now."""
    refused: Mapping[Reason, int] = field(default_factory=dict)
    """Reason to the number of tasks that stay `sent` for it."""


def settle(campaign: Campaign, outbox: Outbox, observers: Observers | None = None) -> Settled:
    """Do the write-backs that sent tasks owe. A refusal delays a flag, never a message."""
    observers = observers or Nobody()
    outbox.leave_unflagged(campaign.name)
    completed = 0
    refused: Counter[Reason] = Counter()
    last = _BEFORE_ALL
    if not outbox.owed_briefly(campaign.name, after=last, limit=1):
        return Settled(campaign=campaign.name, completed=0)
    outbox.begin_write_back(campaign.name)
    while tasks := _owed(campaign, outbox, last):
        last = tasks[-1].id
        result = _written_back(campaign, [task for task in tasks if not task.damaged])
        damaged = {task.id: task.reason or "" for task in tasks if task.damaged}
        result = WriteBack(done=result.done, refused={**result.refused, **damaged})
        reasons = {id_: _reason(why) for id_, why in result.refused.items()}
        with outbox.transaction():
            outbox.complete(result.done)
            outbox.note_refused_write_back(reasons)
        if observers.observed("written_back"):
            observers.observe("written_back", campaign=campaign.name, done=result.done, refused=reasons)
        completed += len(result.done)
        refused.update(reasons.values())
        del tasks, result, reasons  # not kept while the next ones are read
    outbox.end_write_back(campaign.name)
    return Settled(campaign=campaign.name, completed=completed, refused=dict(refused))


def _owed(campaign: Campaign, outbox: Outbox, after: int) -> Sequence[Task]:
    """Return the next tasks whose write-back is owed, or what is needed of them where the strategy needs no more."""
    if getattr(campaign.strategy, "needs_whole_tasks", True):
        tasks = outbox.owed(campaign.name, after)
    else:
        tasks = cast("list[Task]", outbox.owed_briefly(campaign.name, after))
    if not getattr(campaign.strategy, "needs_outcomes", False):
        return tasks
    outcomes = outbox.outcomes([task.id for task in tasks])
    return [_with_outcome(task, outcomes.get(task.id)) for task in tasks]


def _with_outcome(task: Task | Owed, outcome: SentOutcome | None) -> Task:
    if isinstance(task, Owed):
        return cast("Task", task._replace(outcome=outcome))
    return replace(task, outcome=outcome)


def close_own(outbox: Outbox) -> None:
    """Complete what was sent of notifykit's own messages: nothing is written back for them."""
    for name in filter(is_reserved, outbox.owing_campaigns()):
        while tasks := outbox.owed(name):
            outbox.complete(task.id for task in tasks)


def _written_back(campaign: Campaign, tasks: Sequence[Task]) -> WriteBack:
    if not tasks:
        return WriteBack()
    try:
        with untranslated():  # a refusal is kept
            return _accounted(campaign, tasks, campaign.strategy.write_back(tasks))
    except CampaignError as error:
        return WriteBack(refused=dict.fromkeys((task.id for task in tasks), WRITE_BACK_FAILED(error=str(error))))


def _accounted(campaign: Campaign, tasks: Sequence[Task], answer: object) -> WriteBack:
    """Return what a strategy said of the tasks that it was given, and of no other: each is done, or refused.

    What it said nothing of, or both, is refused, so that it stays owed and is shown.
    """
    name = type(campaign.strategy).__name__
    if not isinstance(answer, WriteBack):
        why = WRITE_BACK_ODD(strategy=name, answer=type(answer).__name__)
        return WriteBack(refused={task.id: why for task in tasks})
    given = {task.id for task in tasks}
    done = given.intersection(answer.done)
    refused = {id_: _reason(answer.refused[id_]) for id_ in given.intersection(answer.refused)}
    if others := {*answer.done, *answer.refused} - given:
        log.warning(
            "write_back() of %s (%s) answered for %d tasks that it was not given", name, campaign.name, len(others)
        )
    refused |= dict.fromkeys(given - done - refused.keys(), WRITE_BACK_SILENT(strategy=name))
    return WriteBack(done=frozenset(done - refused.keys()), refused=refused)


def _reason(told: object) -> Reason:
    """Return why a write-back was refused, whatever a strategy says it by, without the credentials in it."""
    reason = told if isinstance(told, Reason) else Reason(str(told))
    return reason if redact(reason.text) == reason.text else Reason.of(redact_data(reason.as_data()))
