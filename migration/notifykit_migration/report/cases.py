"""The held messages as the page lists them: by reason, each with its evidence, up to a limit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from notifykit.wording import Reason
from notifykit_migration.model import ContractPlan, Hold, Plan
from notifykit_migration.report import summary

LONGEST = 400
"""Characters of a message's text that the page shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One held message, with all that is known of it."""

    key: str
    message: str
    why: Reason
    contract: ContractPlan | None
    """What the plan knows of its contract; None where it knows nothing."""
    row: int | None = None
    recipient: str | None = None
    text: str | None = None
    status: str | None = None
    """As the outbox has it; None where nobody looked."""


@dataclass(slots=True)
class CaseGroup:
    """Messages of one campaign that are held for the same reason."""

    campaign: str
    reason: Reason
    contracts: int
    messages: int
    historic: bool
    cases: list[Case] = field(default_factory=list)
    """Those that are listed."""

    @property
    def left_out(self) -> int:
        """How many are not."""
        return self.messages - len(self.cases)


def planned_cases(plan: Plan, at_most: int) -> list[CaseGroup]:
    """Return what a plan holds."""
    places = {(group.campaign, group.reason.kind): group for group in summary.plan_groups(plan)}
    room = _rooms(places.values(), at_most)
    groups = {place: _group(group) for place, group in places.items()}
    for one in summary.held(plan):
        place = (one.campaign.campaign, one.item.why.kind)
        if len(groups[place].cases) < room[id(places[place])]:
            case = Case(
                key=one.contract.key,
                message=one.item.message,
                why=one.item.why,
                contract=one.contract,
                row=one.item.row,
                recipient=one.item.recipient,
                text=_shortened(one.item.text),
            )
            groups[place].cases.append(case)
    return list(groups.values())


def waiting_cases(holds: Sequence[Hold], plan: Plan | None, at_most: int) -> list[CaseGroup]:
    """Return what waits for a person."""
    places = {(group.campaign, group.reason.kind): group for group in summary.hold_groups(holds)}
    room = _rooms(places.values(), at_most)
    groups = {place: _group(group) for place, group in places.items()}
    known = _contracts(plan, {(hold.campaign, hold.key) for hold in holds}) if plan else {}
    for hold in holds:
        place = (hold.campaign, hold.why.kind)
        if len(groups[place].cases) < room[id(places[place])]:
            case = Case(
                key=hold.key,
                message=hold.message,
                why=hold.why,
                contract=known.get((hold.campaign, hold.key)),
                row=hold.task,
                recipient=hold.recipient,
                text=_shortened(hold.text),
                status=hold.status,
            )
            groups[place].cases.append(case)
    return list(groups.values())


def _contracts(plan: Plan, wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], ContractPlan]:
    return {
        (campaign.campaign, contract.key): contract
        for campaign in plan.campaigns
        for contract in campaign.contracts
        if (campaign.campaign, contract.key) in wanted
    }


def _rooms(groups: Iterable[summary.HoldGroup], at_most: int) -> dict[int, int]:
    """Say how many of each group are listed: small groups first, so that a large one hides none of them."""
    rooms = {}
    for group in sorted(groups, key=lambda group: group.messages):
        rooms[id(group)] = min(group.messages, at_most)
        at_most -= rooms[id(group)]
    return rooms


def _group(group: summary.HoldGroup) -> CaseGroup:
    return CaseGroup(
        campaign=group.campaign,
        reason=group.reason,
        contracts=group.contracts,
        messages=group.messages,
        historic=group.historic,
    )


def _shortened(text: str | None) -> str | None:
    return text if text is None or len(text) <= LONGEST else f"{text[:LONGEST]}…"
