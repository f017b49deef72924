"""What a service tells later of a message that it had accepted: that it was delivered, or that it came back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from notifykit.model import Verdict

__all__ = ["Receipt", "ReceiptStatus", "SentOutcome"]


class ReceiptStatus(StrEnum):
    """What a service told later of a message that it had accepted."""

    DELIVERED = "delivered"
    """It reached the recipient."""
    BOUNCED = "bounced"
    """It did not, after all."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a service told of a message, and since when that is so. It stands beside the status, which it never changes.

    Of two that contradict each other the one with the later time counts, in whichever order they come; of several that
    say the same, the first.
    """

    status: ReceiptStatus
    at: float
    """UTC seconds, as the service told."""
    detail: str = ""
    """Why, in its words. Kept with the event; not told of what is read back."""

    def counts_after(self, before: Receipt | None) -> bool:
        """Whether this is what is known of the message from now on. `before`: what was."""
        return before is None or (self.status is not before.status and self.at > before.at)

    def told_after(self, before: Receipt | None) -> str | None:
        """Return what is kept as an event; None where it says only what is known."""
        if before is not None and before.status is self.status:
            return None
        told = f"{self.status.value} at {_iso(self.at)}"
        if before is not None and not self.counts_after(before):
            told += f", which is no later than what is known: {before.status.value} at {_iso(before.at)}"
        return f"{told}: {self.detail}" if self.detail else told


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


class SentOutcome(NamedTuple):
    """What came of a message that counts as sent."""

    verdict: Verdict | None = None
    """Of its accepted attempt, or else of its latest one: `unknown` where it is assumed to be sent, or a person said
    so. None where it has none."""
    vendor_id: str | None = None
    """By which the service knows it."""
    undelivered: tuple[str, ...] = ()
    """Recipients that the service left out."""
    sent_at: float | None = None
    """UTC seconds."""
    receipt: Receipt | None = None
    """What the service told since."""
