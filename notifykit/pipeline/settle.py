"""settle: write the results of sent tasks where people and old programs look."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from notifykit.campaign.campaign import Campaign
from notifykit.errors import CampaignError
from notifykit.model import Task
from notifykit.outbox.protocol import Outbox
from notifykit.roles import WriteBack

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What one pass over one campaign did."""

    campaign: str
    completed: int
    """Tasks whose result is written back now."""
    refused: Mapping[str, int] = field(default_factory=dict)
    """Reason to the number of tasks that stay `sent` for it."""


def settle(campaign: Campaign, outbox: Outbox) -> Settled:
    """Do the write-backs that sent tasks owe. A refusal delays a flag, never a message."""
    completed = 0
    refused: Counter[str] = Counter()
    last = 0
    while tasks := outbox.owed(campaign.name, after=last):
        last = tasks[-1].id
        try:
            result = _accounted(campaign, tasks, campaign.strategy.write_back(tasks))
        except CampaignError as error:
            result = WriteBack(refused={task.id: str(error) for task in tasks})
        with outbox.transaction():
            outbox.complete(result.done)
            outbox.note_refused_write_back(result.refused)
        completed += len(result.done)
        refused.update(result.refused.values())
        del tasks, result  # not kept while the next ones are read
    return Settled(campaign=campaign.name, completed=completed, refused=dict(refused))


def _accounted(campaign: Campaign, tasks: Sequence[Task], answer: object) -> WriteBack:
    """Return what a strategy said of the tasks that it was given, and of no other: each is done, or refused.

    What it said nothing of, or both, is refused, so that it stays owed and is shown.
    """
    name = type(campaign.strategy).__name__
    if not isinstance(answer, WriteBack):
        why = f"write_back() of {name} returned a {type(answer).__name__}, not a WriteBack; its author must mend that"
        return WriteBack(refused={task.id: why for task in tasks})
    given = {task.id for task in tasks}
    done = given.intersection(answer.done)
    refused = {id_: str(answer.refused[id_]) for id_ in given.intersection(answer.refused)}
    if others := {*answer.done, *answer.refused} - given:
        log.warning(
            "write_back() of %s (%s) answered for %d tasks that it was not given", name, campaign.name, len(others)
        )
    silent = f"write_back() of {name} did not say what became of it; its author must mend that"
    refused |= dict.fromkeys(given - done - refused.keys(), silent)
    return WriteBack(done=frozenset(done - refused.keys()), refused=refused)
