"""Records of which nothing need be rendered, because all of their messages are known and wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from notifykit.campaign.campaign import Campaign, MessagePlan
from notifykit.errors import NotifykitError
from notifykit.model import Draft, Record
from notifykit.outbox.cells import NOTHING
from notifykit.outbox.protocol import StoreLedger
from notifykit.pipeline.drafting import period_of

SAMPLE = 100
"""Records whose messages are known that are rendered, to see whether they would read differently now."""


@dataclass(slots=True)
class _Alike:
    """Records whose messages stand where those of the others do."""

    standing: Mapping[str, str]
    names: Sequence[str] = ()
    """The known messages of the campaign; none where another one is needed by every record."""
    conditions: Sequence[Callable[[Record], bool]] = ()
    """Of its other messages."""
    count: int = 0

    @classmethod
    def of(cls, standing: Mapping[str, str], messages: Sequence[MessagePlan]) -> Self:
        others = [plan.when for plan in messages if plan.name not in standing]
        conditions = [when for when in others if when is not None]
        if len(conditions) < len(others):
            return cls(standing)
        return cls(standing, [plan.name for plan in messages if plan.name in standing], conditions)

    def needs_more(self, record: Record) -> bool:
        """Whether a record needs a message that is not known, or cannot tell."""
        try:
            for condition in self.conditions:
                if condition(record):
                    return True
        except NotifykitError:
            return True
        return False


class KnownRecords:
    """Counts such records."""

    def __init__(self, campaign: Campaign, ledger: StoreLedger) -> None:
        self._campaign = campaign
        self._ledger = ledger
        self._periods = campaign.opens_periods
        self.messages = 0
        """Their messages that the outbox has not counted yet."""
        self.sample: list[Record] = []
        """The first of them, at most SAMPLE."""
        self.standing = Counter[str]()
        """Where messages stand that were offered and known."""

    def others(self, records: Sequence[Record]) -> list[Record]:
        """Count those of the records; return the others."""
        ledger = self._ledger
        waits = ledger.waits
        standing = [self._waits(one) for one in records] if self._periods else [waits(one.key) for one in records]
        left = self._left(records, standing)
        unclear = {record.key for record in left if ledger.waiting(record.key)}  # a part may be sent or cancelled
        if not unclear:
            return left
        ledger.load(unclear)
        looked_up = [record for record in left if record.key in unclear]
        still = set(map(id, self._left(looked_up, list(map(self._all, looked_up)))))
        return [record for record in left if record.key not in unclear or id(record) in still]

    def _all(self, record: Record) -> Mapping[str, str]:
        """Return where the messages of a loaded record stand."""
        if (period := self._period(record)) is None:
            return NOTHING
        found = ((plan.name, self._ledger.status(record.key, plan.name, period)) for plan in self._campaign.messages)
        return {name: status for name, status in found if status is not None}

    def _waits(self, record: Record) -> Mapping[str, str]:
        """Return where those messages of a record stand, in its period, that are neither sent nor cancelled."""
        period = self._period(record)
        return NOTHING if period is None else self._ledger.waits(record.key, period)

    def _period(self, record: Record) -> str | None:
        return period_of(self._campaign, record) if self._periods else ""

    def _left(self, records: Sequence[Record], standing: Sequence[Mapping[str, str]]) -> list[Record]:
        """Count those of the records that need no message but known ones; return the others.

        `standing`: of each record, where its messages stand. Those that stand alike mostly share one mapping. This loop
        runs for every row of a pass over what waits: keep it bare.
        """
        left: list[Record] = []
        known: list[Record] = []
        alike: dict[int, _Alike] = {}
        for record, where in zip(records, standing, strict=True):
            if (group := alike.get(id(where))) is None:
                group = alike[id(where)] = _Alike.of(where, self._campaign.messages)
            if not group.names or (group.conditions and group.needs_more(record)):
                left.append(record)
            else:
                known.append(record)
                group.count += 1
        for group in alike.values():
            self.messages += len(group.names) * group.count
            for name in group.names if group.count else ():
                self.standing[group.standing[name]] += group.count
        self.sample += known[: SAMPLE - len(self.sample)]
        return left

    def offered(self, drafts: Sequence[Draft], count: int) -> None:
        """Count where those of the drafts stand that were known: so many."""
        if count:
            self._ledger.load({draft.key for draft in drafts})
            self.standing.update(self._ledger.status(draft.key, draft.name, draft.period) or "" for draft in drafts)
