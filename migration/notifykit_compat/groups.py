"""The messages of one contract as the program created them, as drafts for the outbox.

Each becomes a message of its campaign, found by task type, recipient and `when`: so the unique index refuses it where
it is there already, whoever queued it. Its text is the program's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from notifykit_migration.legacy.numbers import Numbers

from notifykit.campaign.campaign import Campaign, MessagePlan
from notifykit.campaign.lengths import exceeded
from notifykit.campaign.split import split_on_line_ends
from notifykit.errors import RenderError
from notifykit.model import Draft, Record
from notifykit.wording.translation import gettext
from notifykit_compat.activation import Staged
from notifykit_compat.contract_files import ContractFile

ALSO = "also"
"""What a message is called that the campaign's file does not describe: `also-1`, `also-2`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One contract's messages, ready to be queued in one transaction."""

    drafts: tuple[Draft, ...]
    odd: tuple[str, ...] = ()
    """What does not fit the campaign's file, for people."""
    left: tuple[Staged, ...] = ()
    """Messages of another contract, whose creation was interrupted: its next run creates them again."""


class Due:
    """A message plan, for one record. What it says is rendered when it is asked for: most of it never is."""

    def __init__(self, plan: MessagePlan, record: Record) -> None:
        self.plan = plan
        self._record = record

    @cached_property
    def recipient(self) -> str | None:
        """Whom it is for; None where that cannot be rendered."""
        try:
            return self.plan.recipient(self._record)
        except RenderError:
            return None

    @cached_property
    def due(self) -> bool:
        """Whether the campaign wants it for this record."""
        try:
            return self.plan.when is None or self.plan.when(self._record)
        except RenderError:
            return False


def group_of(file: ContractFile, record: Record, staged: Sequence[Staged], channels: Mapping[str, str]) -> Group | str:
    """Return the group; or why nothing can be queued, where a message has no channel."""
    campaign = file.campaign
    metadata = campaign.strategy.metadata(record)
    plans = [Due(plan, record) for plan in campaign.messages]
    left = _of_another(staged, plans, record.get(file.state.number) if file.state.number else None)
    used: Counter[str] = Counter()
    drafts: list[Draft] = []
    odd: list[str] = []
    for one in staged:
        if one in left:
            continue
        match = _match(one, plans, used)
        plan = match.plan if match is not None else None
        channel = plan.channel.name if plan is not None else _channel(one, campaign, channels)
        if channel is None:
            return gettext(
                "campaign {campaign} has no message of type {type}, and `legacy.channels` names no channel for that "
                "type; nothing of contract {key} was released; name one and run again",
                campaign=campaign.name,
                type=one.task_type,
                key=record.key,
            )
        base = ALSO if plan is None else plan.name
        if match is None:
            odd.append(
                gettext(
                    "has no message of type {type} to {recipient} beside those that are there",
                    type=one.task_type,
                    recipient=one.recipient,
                )
            )
        elif match.recipient != one.recipient:
            odd.append(
                gettext(
                    "sends `{name}` to {recipient}, and the program to {other}: the program counts",
                    name=base,
                    recipient=match.recipient,
                    other=one.recipient,
                )
            )
        one.identity = (campaign.name, record.key, _name(base, used[base] + 1))
        for text in _parts(plan, one.text):
            used[base] += 1
            drafts.append(
                Draft(
                    campaign=campaign.name,
                    key=record.key,
                    name=_name(base, used[base]),
                    recipient=one.recipient,
                    text=text,
                    channel=channel,
                    task_type=one.task_type,
                    ordered=plan is None or plan.ordered,
                    metadata=metadata,
                )
            )
    return Group(drafts=tuple(drafts), odd=tuple(odd), left=tuple(left))


def _of_another(staged: Sequence[Staged], plans: Sequence[Due], number: str | None) -> list[Staged]:
    """Find what an earlier contract left behind whose creation failed halfway: its text lacks this one's number.

    A text without any number is this contract's own where nothing else can be its message.
    """
    if not number or len(staged) < 2:
        return []
    numbers = Numbers([number.strip()])
    if numbers.unusable:
        return []
    own = [one for one in staged if numbers.found_in(one.text)]
    if len(own) == len(staged):
        return []
    taken: Counter[str] = Counter()
    for one in own:
        if (match := _match(one, plans, taken)) is not None:
            taken[match.plan.name] += 1
    left = []
    for one in staged:
        match = _match(one, plans, {})
        exact = match is None or (match.recipient == one.recipient and match.due)
        if one not in own and match is not None and (not exact or taken[match.plan.name]):
            left.append(one)
    return left


def _match(one: Staged, plans: Iterable[Due], used: Mapping[str, int]) -> Due | None:
    """Find the plan: right recipient before right type alone, due before not, unused before used."""
    fitting = [due for due in plans if due.plan.task_type == one.task_type]
    exact = [due for due in fitting if due.recipient == one.recipient]
    candidates = exact or [due for due in fitting if not used.get(due.plan.name)]
    if len(candidates) == 1:
        return candidates[0]
    return min(candidates, key=lambda due: (used.get(due.plan.name, 0), not due.due), default=None)


def _channel(one: Staged, campaign: Campaign, channels: Mapping[str, str]) -> str | None:
    for plan in campaign.messages:
        if plan.task_type == one.task_type:
            return plan.channel.name
    return channels.get(one.task_type)


def _parts(plan: MessagePlan | None, text: str) -> Iterator[str]:
    bounds = plan.channel.bounds if plan is not None and plan.split else ()
    parts = split_on_line_ends(text, bounds) if exceeded(bounds, text) is not None else None
    yield from parts or [text]


def _name(base: str, number: int) -> str:
    if base == ALSO:
        return f"{ALSO}-{number}"
    return base if number == 1 else f"{base}.{number}"
