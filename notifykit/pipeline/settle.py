"""settle: write the results of sent tasks where people and old programs look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from notifykit.campaign.campaign import Campaign
from notifykit.errors import CampaignError
from notifykit.outbox.protocol import Outbox
from notifykit.roles import WriteBack


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
            result = campaign.strategy.write_back(tasks)
        except CampaignError as error:
            result = WriteBack(refused={task.id: str(error) for task in tasks})
        with outbox.transaction():
            outbox.complete(result.done)
            outbox.note_refused_write_back(result.refused)
        completed += len(result.done)
        refused.update(result.refused.values())
        del tasks, result  # not kept while the next ones are read
    return Settled(campaign=campaign.name, completed=completed, refused=dict(refused))
