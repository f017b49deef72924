"""How each campaign stands: what its file says, what the store counts, its passes, and which of its rows are held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from notifykit.alerts.notes import failing, passes, rows_held
from notifykit.campaign.campaign import Campaign
from notifykit.errors import NotifykitError
from notifykit.operate.attention import Overview
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import CampaignFigures
from notifykit.pipeline.generate import Generated
from notifykit.pipeline.project import Project
from notifykit.pipeline.run import Pass, generate_all
from notifykit.wording import Reason

__all__ = ["CampaignKind", "CampaignState", "campaign_states", "rehearsed"]


class CampaignKind(StrEnum):
    """What the files say of a campaign."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    """`enabled: false`: it queues nothing, and what was sent is written back."""
    UNAVAILABLE = "unavailable"
    """Something that it needs is not here."""
    GONE = "gone"
    """No file describes it; the store has messages of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignState:
    """How a campaign stands."""

    name: str
    kind: CampaignKind
    campaign: Campaign | None
    """What its file says; None where that cannot be used, or is gone."""
    failure: NotifykitError | None
    """Why it is unavailable."""
    figures: CampaignFigures | None
    """None where it never offered a message."""
    held: Reason | None
    """Why it queues nothing, as of its last pass."""
    failing: str | None
    """Why its last pass could not go on."""
    rows_held: int | None
    """How many of its rows could not be used at its latest pass; None where nobody counted."""
    last_pass: float | None
    """UTC seconds at which its last whole pass ended, as the next one."""
    next_pass: float | None
    """When `run` or `worker`, where one works, makes the next one; None where it never had one, or has none."""


def campaign_states(project: Project, outbox: Outbox, overview: Overview) -> list[CampaignState]:
    """Return all campaigns that have a file or messages, by name. `overview`: of the store, for its figures."""
    described = {campaign.name: campaign for campaign in project.described}
    lacking = project.unavailable()
    enabled = {campaign.name for campaign in project.configuration.campaigns}
    figures = {one.campaign: one for one in overview.campaigns}
    ended, failed, rows = passes(outbox), failing(outbox), rows_held(outbox)
    held: Mapping[str, Reason] = outbox.held_campaigns()

    def state(name: str) -> CampaignState:
        if name in lacking:
            kind = CampaignKind.UNAVAILABLE
        elif name in enabled:
            kind = CampaignKind.ENABLED
        else:
            kind = CampaignKind.DISABLED if name in described else CampaignKind.GONE
        last = ended.get(name)
        return CampaignState(
            name=name,
            kind=kind,
            campaign=described.get(name),
            failure=lacking.get(name),
            figures=figures.get(name),
            held=held.get(name),
            failing=failed.get(name),
            rows_held=rows.get(name),
            last_pass=last,
            next_pass=last + project.configuration.settings.interval if last and kind is CampaignKind.ENABLED else None,
        )

    return [state(name) for name in sorted({*described, *lacking, *figures})]


def rehearsed(project: Project, outbox: Outbox, name: str) -> Generated:
    """Return what `generate` of one campaign would do now, above all which of its rows it would hold. It reads its
    source whole, and writes nothing. Raises NotifykitError where it cannot go on."""
    this_pass = Pass()
    generate_all(project, outbox, project.campaigns((name,)), this_pass, dry_run=True)
    if this_pass.failures:
        raise next(iter(this_pass.failures.values()))
    (generated,) = this_pass.generated
    return generated
