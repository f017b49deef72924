"""A dispatcher over a store and senders of the test's own, and messages for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from notifykit.campaign.campaign import Campaign, Channel, DispatchSettings, MessagePlan, RetryPolicy
from notifykit.clock import SystemClock
from notifykit.model import Draft, OnUnknown
from notifykit.outbox.protocol import Outbox
from notifykit.pipeline.dispatch import Dispatcher
from notifykit.roles import Strategy


def queue(outbox: Outbox, count: int, channel: str = "ch", *, recipients: int | None = None) -> None:
    """Queue messages with the keys `ch0`, `ch1`…; each has a recipient of its own, or there are so many in turn."""
    outbox.enqueue(
        [
            Draft(
                campaign="c",
                key=f"{channel}{number}",
                name="group",
                recipient=f"r{number % (recipients or count)}",
                text="x",
                channel=channel,
                task_type="x",
            )
            for number in range(count)
        ]
    )


def dispatcher(
    outbox: Outbox,
    senders: Mapping[str, Any],
    *,
    clock: SystemClock | None = None,
    on_unknown: OnUnknown = OnUnknown.HOLD,
    retry: RetryPolicy | None = None,
    **settings: Any,
) -> Dispatcher:
    """Build one over these senders, by the names of their channels. `settings`: of `dispatch`."""
    channels = {name: Channel.of(name, "desk", sender) for name, sender in senders.items()}
    plan = MessagePlan(
        name="group",
        channel=next(iter(channels.values())),
        recipient=lambda record: record.key,
        text=lambda record: record.key,
        on_unknown=on_unknown,
        retry=retry or RetryPolicy(attempts=4, first=0.01, factor=1, jitter=0),
    )
    source: Any = None
    campaign = Campaign(name="c", file=Path("c.yaml"), source=source, strategy=Strategy(), messages=(plan,))
    return Dispatcher(outbox, channels, {"c": campaign}, DispatchSettings(**settings), clock or SystemClock())
