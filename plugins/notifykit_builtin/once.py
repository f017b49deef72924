"""Each record once: for data in which nothing says who was told."""

from __future__ import annotations

from dataclasses import dataclass

from notifykit.model import Record
from notifykit.roles import Decision, Ledger, Strategy


@dataclass(kw_only=True)
class Once(Strategy):
    """Offers the messages of every record; the outbox queues those that it does not know. Nothing is written back."""

    def decide(self, record: Record, outbox: Ledger) -> Decision:  # noqa: ARG002 - part of the role
        """Notify: what is known is refused by the outbox."""
        return Decision.NOTIFY
