"""Each record once, or once in each period: for data in which nothing says who was told."""

from __future__ import annotations

from dataclasses import dataclass

from notifykit.campaign.times import Every
from notifykit.model import Record
from notifykit.roles import Decision, Ledger, Strategy, StrategyContext


@dataclass(kw_only=True)
class Once(Strategy):
    """Offers the messages of every record; the outbox queues those that it does not know. Nothing is written back."""

    every: Every | None = None
    """Once in each `hour`, `day`, `week`, `month` or `year`, or as often as a template gives another text.

    Default: once for ever."""

    def start(self, context: StrategyContext) -> None:
        """Keep who tells the time."""
        self._now = context.now

    @property
    def looks_at(self) -> frozenset[str]:
        """What the template of `every` takes."""
        return frozenset() if self.every is None else self.every.columns

    def decide(self, record: Record, outbox: Ledger) -> Decision:  # noqa: ARG002 - part of the role
        """Notify: what is known is refused by the outbox."""
        return Decision.NOTIFY

    def period(self, record: Record) -> str:
        """Return the period of `every`."""
        return "" if self.every is None else self.every.period(record, self._now())
