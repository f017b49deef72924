"""A campaign whose sender takes everything at once, and a dispatcher over it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from notifykit.campaign.campaign import Campaign, Channel, DispatchSettings, MessagePlan
from notifykit.clock import SystemClock
from notifykit.model import Message, Outcome, Problem, Record
from notifykit.outbox.protocol import Outbox
from notifykit.pipeline.dispatch import Dispatcher
from notifykit.roles import Decision, Ledger, SendContext, Strategy

CAMPAIGN = "bench"
CHANNEL = "robot"


class Accepting:
    """A sender that returns at once, and tells somebody of each message."""

    def __init__(self, tell: Callable[[Message], object] | None = None) -> None:
        self._tell = tell

    def send(self, message: Message, context: SendContext) -> Outcome:  # noqa: ARG002
        """Accept."""
        if self._tell is not None:
            self._tell(message)
        return Outcome.accepted()


class AcceptingMany(Accepting):
    """As many in one call as a dispatcher has workers."""

    batch_size = 64

    def send_many(self, messages: Sequence[Message], contexts: Sequence[SendContext]) -> list[Outcome]:
        """Accept."""
        return [self.send(message, context) for message, context in zip(messages, contexts, strict=True)]


class _Nothing:
    def read(self) -> Iterable[Record | Problem]:
        return ()


@dataclass
class _Skip(Strategy):
    def decide(self, record: Record, outbox: Ledger) -> Decision:  # noqa: ARG002
        return Decision.SKIP


def _no_text(record: Record) -> str:
    return record.key


def dispatcher(
    outbox: Outbox, *, workers: int, tell: Callable[[Message], object] | None = None, batches: bool = False
) -> Dispatcher:
    """Build what `Project.dispatcher` builds, over one channel without limits. `batches`: its sender takes many."""
    channel = Channel.of(CHANNEL, "accepting", (AcceptingMany if batches else Accepting)(tell))
    plans = tuple(
        MessagePlan(name=name, channel=channel, recipient=_no_text, text=_no_text) for name in ("group", "award")
    )
    campaign = Campaign(name=CAMPAIGN, file=Path("bench.yaml"), source=_Nothing(), strategy=_Skip(), messages=plans)
    return Dispatcher(
        outbox, {CHANNEL: channel}, {CAMPAIGN: campaign}, DispatchSettings(workers=workers), SystemClock()
    )
