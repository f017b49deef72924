"""What many contracts come to: how they flow, which holds are alike, which files change. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from notifykit.errors import NotifykitError
from notifykit.wording import Reason
from notifykit.wording.nearest import hint
from notifykit.wording.translation import gettext
from notifykit_migration.model import (
    CampaignPlan,
    ContractPlan,
    FlagState,
    Hold,
    MessageTreatment,
    Plan,
    RowState,
    StatusFileState,
    Treatment,
)
from notifykit_migration.report.words import Outcome, Words, counted
from notifykit_migration.wording import WORDING
from notifykit_migration.wording.holds import HISTORIC

EXAMPLES = 3
"""Contracts that are named where many are held for one reason."""

ASSUME = "notifykit migrate --historic assume-sent"
"""The command that closes historic holds in bulk, before the migration."""

RESOLVE = f"notifykit resolve --reason {HISTORIC.code} --sent --why TEXT"
"""The one that does so after it."""


class Flow(NamedTuple):
    """The way of contracts from the three old states to the new one."""

    json: StatusFileState
    rows: RowState
    column: FlagState
    outcome: Outcome


def outcome(contract: ContractPlan) -> Outcome:
    """Return where all messages of a contract stand together."""
    made = {item.decision for item in contract.decisions}
    for decisions, found in _OUTCOMES:
        if made & decisions:
            return found
    return Outcome.NOTHING


_OUTCOMES: tuple[tuple[frozenset[Treatment], Outcome], ...] = (
    (frozenset({Treatment.HOLD}), Outcome.HELD),
    (frozenset({Treatment.ADOPT, Treatment.CREATE}), Outcome.QUEUED),
    (frozenset({Treatment.GENERATE}), Outcome.LATER),
    (frozenset({Treatment.ASSUME}), Outcome.ASSUMED),
    (frozenset({Treatment.SENT}), Outcome.SENT),
    (frozenset({Treatment.OWNED, Treatment.CANCEL}), Outcome.KNOWN),
)


def flows(plan: Plan) -> Counter[Flow]:
    """Count the contracts that go each way."""
    return Counter(
        Flow(contract.json, contract.rows, contract.column, outcome(contract))
        for campaign in plan.campaigns
        for contract in campaign.contracts
    )


class Held(NamedTuple):
    """One message that the plan holds, with all that is known of it."""

    campaign: CampaignPlan
    contract: ContractPlan
    item: MessageTreatment


def held(plan: Plan) -> Iterator[Held]:
    """Yield every message that the plan holds."""
    for campaign in plan.campaigns:
        for contract in campaign.contracts:
            for item in contract.decisions:
                if item.decision is Treatment.HOLD:
                    yield Held(campaign, contract, item)


@dataclass(slots=True)
class HoldGroup:
    """Messages of one campaign that are held for the same reason."""

    campaign: str
    reason: Reason
    """What their reasons have in common: parameters that differ are None, and shown as `…`."""
    messages: int = 0
    keys: dict[str, None] = field(default_factory=dict)
    """Their contracts."""

    @property
    def historic(self) -> bool:
        """Whether all old states but the tasks say sent."""
        return self.reason.code == HISTORIC.code

    @property
    def contracts(self) -> int:
        """How many contracts."""
        return len(self.keys)

    @property
    def examples(self) -> Sequence[str]:
        """The first few contracts."""
        return list(self.keys)[:EXAMPLES]


def plan_groups(plan: Plan) -> Sequence[HoldGroup]:
    """Return what a plan holds, grouped: by campaign, the largest group first."""
    return _grouped((one.campaign.campaign, one.item.why, one.contract.key) for one in held(plan))


def hold_groups(holds: Iterable[Hold]) -> Sequence[HoldGroup]:
    """Return what waits for a person, grouped likewise."""
    return _grouped((hold.campaign, hold.why, hold.key) for hold in holds)


def _grouped(messages: Iterable[tuple[str, Reason, str]]) -> Sequence[HoldGroup]:
    groups: dict[tuple[str, tuple[object, ...]], HoldGroup] = {}
    campaigns: dict[str, int] = {}
    for campaign, why, key in messages:
        place = (campaign, why.kind)
        group = groups.get(place)
        if group is None:
            group = groups[place] = HoldGroup(campaign, why)
        else:
            group.reason = WORDING.common(group.reason, why)
        group.messages += 1
        group.keys[key] = None
        campaigns.setdefault(campaign, len(campaigns))
    return sorted(groups.values(), key=lambda group: (campaigns[group.campaign], -group.contracts, group.reason.text))


class Change(NamedTuple):
    """One file, and what a migration does with it."""

    file: str
    what: Words


def changes(plan: Plan) -> Sequence[Change]:
    """Return every file that the plan changes."""
    decided = totals(plan)
    sent, held_ = decided[Treatment.SENT], decided[Treatment.HOLD]
    queued = decided[Treatment.ADOPT] + decided[Treatment.CREATE]
    statements = len(plan.statements)
    store = Words(
        f"{counted(statements, 'statement')}, {counted(sent, 'message')} kept as sent, {queued:,} queued, "
        f"{held_:,} held; in one transaction",
        f"{statements:,} 条语句；{sent:,} 条消息保持已发送，{queued:,} 条入队，{held_:,} 条待人工决定；在同一个事务中",
    )
    found = [Change(plan.store, store)]
    for campaign in plan.campaigns:
        flags = sum(contract.set_flag for contract in campaign.contracts)
        if flags:
            what = Words(
                f"{counted(flags, 'flag')} set; every other byte as it is", f"写入 {flags:,} 个标记；其余字节不变"
            )
            found.append(Change(campaign.csv_file, what))
        found.append(Change(campaign.status_file, Words("moved into the backup when it is retired", "退役时移入备份")))
    return found


def totals(plan: Plan) -> Mapping[Treatment, int]:
    """Count the decisions of all campaigns."""
    found = dict.fromkeys(Treatment, 0)
    for campaign in plan.campaigns:
        for decision, number in plan.counts(campaign).items():
            found[decision] += number
    return found


def known_as(plan: Plan, key: str) -> list[tuple[CampaignPlan, ContractPlan]]:
    """Return the contracts with this key or number. Raises NotifykitError where the plan knows none."""
    found = [
        (campaign, contract)
        for campaign in plan.campaigns
        for contract in campaign.contracts
        if key in (contract.key, contract.number)
    ]
    if not found:
        known = [contract.key for campaign in plan.campaigns for contract in campaign.contracts]
        close = hint(key, known) if len(known) <= 10_000 else ""
        raise NotifykitError(
            gettext('the plan knows no contract "{key}"{hint}', key=key, hint=close),
            mend=gettext("give its key or its number"),
        )
    return found


def contracts(plan: Plan) -> int:
    """Return how many contracts a plan decides about."""
    return sum(len(campaign.contracts) for campaign in plan.campaigns)


def ranges(ids: Iterable[int]) -> str:
    """Return numbers in short: `1-324, 330`."""
    parts: list[list[int]] = []
    for number in sorted(ids):
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in parts)
