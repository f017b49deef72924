"""preview: the messages of records as the sources are now, rendered before anything is queued or migrated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from notifykit.campaign.campaign import Campaign
from notifykit.errors import NotifykitError
from notifykit.model import Draft, Problem
from notifykit.operate.rehearsal import empty_outbox
from notifykit.outbox.protocol import Outbox
from notifykit.pipeline.drafting import drafted
from notifykit.pipeline.generate import generate
from notifykit.pipeline.project import Project
from notifykit.pipeline.run import Pass, alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """One record, and what it would send: whatever its flag says, and whatever was queued before."""

    campaign: str
    key: str | None
    """None where its row has no usable key."""
    place: str
    messages: tuple[Draft, ...] = ()
    held: Problem | None = None
    """Why nothing of it would be queued."""


@dataclass(slots=True)
class Preview:
    """What came of rendering."""

    records: list[Rendered] = field(default_factory=list)
    failures: dict[str, NotifykitError] = field(default_factory=dict)
    """Campaigns that could not be rendered, with the reason."""


def preview(project: Project, campaigns: Sequence[Campaign], *, key: str | None, limit: int) -> Preview:
    """Render the record with this key in each campaign, or the first of each, at most `limit`. Nothing is written."""
    this_pass = Pass()
    found = Preview(failures=this_pass.failures)
    with empty_outbox(project.clock) as outbox:
        for campaign in campaigns:
            with alone(campaign, this_pass):
                project.start(campaign)
                found.records += islice(_rendered(campaign, outbox, key), limit)
    return found


def _rendered(campaign: Campaign, outbox: Outbox, key: str | None) -> Iterator[Rendered]:
    """Yield each record once, and each row that cannot be used."""
    rehearsed = generate(campaign, outbox, dry_run=True)
    held = {problem.key: problem for problem in rehearsed.problems if problem.key is not None}
    ledger = outbox.ledger(campaign.name)
    seen: set[str] = set()
    for item in campaign.records():
        if item.key in seen or (key is not None and item.key != key):
            continue
        if item.key is not None:
            seen.add(item.key)
        made = item if isinstance(item, Problem) else held.get(item.key) or drafted(campaign, item, ledger)
        if isinstance(made, Problem):
            yield Rendered(campaign=campaign.name, key=item.key, place=item.place, held=made)
        else:
            yield Rendered(campaign=campaign.name, key=item.key, place=item.place, messages=tuple(made))
