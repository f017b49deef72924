"""Records of which nothing need be rendered, because all of their messages are known and wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from notifykit.campaign.campaign import Campaign
from notifykit.errors import NotifykitError
from notifykit.model import Draft, Record
from notifykit.outbox.protocol import StoreLedger

SAMPLE = 100
"""Records whose messages are known that are rendered, to see whether they would read differently now."""


class KnownRecords:
    """Counts such records."""

    def __init__(self, campaign: Campaign, ledger: StoreLedger) -> None:
        self._campaign = campaign
        self._ledger = ledger
        self.messages = 0
        """Their messages that the outbox has not counted yet."""
        self.sample: list[Record] = []
        """The first of them, at most SAMPLE."""
        self.standing = Counter[str]()
        """Where messages stand that were offered and known."""

    def others(self, records: Sequence[Record]) -> list[Record]:
        """Count those of the records; return the others."""
        ledger = self._ledger
        left = [record for record in records if not self._counted(record, ledger.waits(record.key))]
        unclear = {record.key for record in left if ledger.waiting(record.key)}  # a part may be sent or cancelled
        if not unclear:
            return left
        ledger.load(unclear)
        return [record for record in left if record.key not in unclear or not self._counted(record, self._all(record))]

    def _all(self, record: Record) -> Mapping[str, str]:
        """Return where the messages of a loaded record stand."""
        found = ((plan.name, self._ledger.status(record.key, plan.name)) for plan in self._campaign.messages)
        return {name: status for name, status in found if status is not None}

    def _counted(self, record: Record, standing: Mapping[str, str]) -> bool:
        names = self._whole(record, standing)
        if names and len(self.sample) < SAMPLE:
            self.sample.append(record)
        self.messages += len(names)
        for name in names:
            self.standing[standing[name]] += 1
        return bool(names)

    def _whole(self, record: Record, standing: Mapping[str, str]) -> Sequence[str]:
        """Return the names of the messages that the record needs, where all of them are known; else none."""
        if not standing:
            return ()
        names = []
        for plan in self._campaign.messages:
            if plan.name in standing:
                names.append(plan.name)
            elif plan.when is None:
                return ()
            else:
                try:
                    if plan.when(record):
                        return ()
                except NotifykitError:
                    return ()
        return names

    def offered(self, drafts: Sequence[Draft], count: int) -> None:
        """Count where those of the drafts stand that were known: so many."""
        if count:
            self._ledger.load({draft.key for draft in drafts})
            self.standing.update(self._ledger.status(draft.key, draft.name) or "" for draft in drafts)
