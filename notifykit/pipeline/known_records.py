"""Records of which nothing need be rendered, because all of their messages are known and wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

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
        waiting = {record.key for record in records if ledger.waiting(record.key)}
        if waiting:
            ledger.load(waiting)
        return [record for record in records if record.key not in waiting or not self._counted(record)]

    def _counted(self, record: Record) -> bool:
        names = self._whole(record)
        if names and len(self.sample) < SAMPLE:
            self.sample.append(record)
        self.messages += len(names)
        for name in names:
            self.standing[self._ledger.status(record.key, name) or ""] += 1
        return bool(names)

    def _whole(self, record: Record) -> Sequence[str]:
        """Return the names of the messages that the record needs, where all of them are known; else none."""
        known = self._ledger.known
        names = []
        for plan in self._campaign.messages:
            if known(record.key, plan.name):
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
