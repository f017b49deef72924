"""What a store counted, as the figures of its campaigns."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from notifykit.messages.receipts import ReceiptStatus
from notifykit.model import Status
from notifykit.outbox.values import ALERTS_CAMPAIGN, DIGESTS, CampaignFigures

LATEST = 20_000
"""How many attempts figures tell of, the latest ones of a store: how they came out, and how long they took."""


@dataclass(slots=True, eq=False, repr=False)
class _Latest:
    """The latest attempts of one campaign."""

    verdicts: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    calls: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)


class Counted(NamedTuple):
    """What a store counted as of one moment, by campaign."""

    by_status: Mapping[str, Mapping[Status, int]]
    oldest: Mapping[str, float]
    """When the first of what waits was queued."""
    prevented: Mapping[str, int]
    perhaps_twice: Mapping[str, int]
    flags_owed: Mapping[str, int]
    archived: Mapping[str, int]
    receipts: Mapping[str, Mapping[ReceiptStatus, int]]
    periods: Mapping[str, str]
    """The last ones."""
    attempts: Iterable[tuple[str, str, str | None, float | None, float | None]]
    """The latest of the store, in any order: campaign, verdict, code, seconds of the call, and seconds from the queue
    to the acceptance where the message is sent and this is its latest attempt."""

    def figures(self) -> list[CampaignFigures]:
        """Return how each campaign stands that offered a draft, or has or had a task; without
        `ALERTS_CAMPAIGN` and digests."""
        latest = self._latest()
        names = {*self.by_status, *self.prevented, *self.archived} - {ALERTS_CAMPAIGN}
        return [self._of(name, latest[name]) for name in sorted(names) if not name.startswith(DIGESTS)]

    def _of(self, campaign: str, latest: _Latest) -> CampaignFigures:
        finished = latest.verdicts.total()
        return CampaignFigures(
            campaign=campaign,
            by_status={status: number for status, number in self.by_status.get(campaign, {}).items() if number},
            flags_owed=self.flags_owed.get(campaign, 0),
            archived=self.archived.get(campaign, 0),
            receipts=self.receipts.get(campaign, {}),
            period=self.periods.get(campaign),
            duplicates_prevented=self.prevented.get(campaign, 0),
            perhaps_twice=self.perhaps_twice.get(campaign, 0),
            success_rate=latest.verdicts["accepted"] / finished if finished else None,
            queued_to_sent_p50=_percentile(latest.waits, 0.50),
            queued_to_sent_p95=_percentile(latest.waits, 0.95),
            call_p50=_percentile(latest.calls, 0.50),
            call_p95=_percentile(latest.calls, 0.95),
            oldest_waiting=self.oldest.get(campaign),
            errors=dict(sorted(latest.errors.items(), key=lambda error: (-error[1], error[0]))),
        )

    def _latest(self) -> Mapping[str, _Latest]:
        found: dict[str, _Latest] = defaultdict(_Latest)
        for campaign, verdict, code, call, wait in self.attempts:
            if campaign.startswith(DIGESTS):  # its messages have attempts of their own; the call was one
                found[campaign.removeprefix(DIGESTS)].calls += [] if call is None else [call]
                continue
            latest = found[campaign]
            latest.verdicts[verdict] += 1
            if verdict != "accepted":
                latest.errors[code or verdict] += 1
            if call is not None:
                latest.calls.append(call)
            if wait is not None:
                latest.waits.append(wait)
        return found


def _percentile(values: Sequence[float], share: float) -> float | None:
    """Nearest rank."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else None
