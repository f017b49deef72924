"""What is sent of alerts: one message to each recipient for all that one look changed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from notifykit.alerts.conditions import Condition, Kind, Route
from notifykit.alerts.facts import Facts
from notifykit.alerts.state import Change
from notifykit.campaign.campaign import Campaign, Channel, MessagePlan
from notifykit.campaign.lengths import cut, exceeded
from notifykit.campaign.limit_keys import keyed
from notifykit.clock import duration
from notifykit.errors import RenderError
from notifykit.model import Draft, OnUnknown, Problem, Record, Status
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import ALERTS_CAMPAIGN, Filter
from notifykit.redaction import redact
from notifykit.roles import Decision, Ledger, Strategy
from notifykit.wording import Reason
from notifykit.wording.host import ALERT_BEGAN, ALERT_ENDED, ALERT_MORE

log = logging.getLogger(__name__)

__all__ = ["Changed", "drafts", "further", "goes_to_second", "own_campaign"]

_NO_FILE = Path()

LATE = 2
"""Tries after which an alert that is still queued goes to the second recipient, too."""

FIRST, SECOND = "alert", "second"
"""The names of the two messages that one look can make of a recipient: the second where the first did not arrive."""

_OF_CHANNELS = (Kind.PAUSED, Kind.UNUSABLE, Kind.AWAY)

Say = Callable[[Reason], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """An alert that began or ended."""

    condition: Condition
    key: str
    subject: str
    change: Change
    said: Reason
    lasted: float
    """Seconds, of one that ended."""
    second: bool
    """Whether it goes to the second recipient."""
    advice: tuple[Reason, ...] = ()
    """What plugins say of it."""

    @property
    def reason(self) -> Reason:
        """It as one sentence."""
        if self.change is Change.BEGAN:
            return ALERT_BEGAN(name=self.key, what=self.said)
        return ALERT_ENDED(name=self.key, lasted=duration(self.lasted), what=self.said)


def goes_to_second(condition: Condition, subject: str, facts: Facts) -> bool:
    """Whether the beginning goes to the second recipient: it is about its own channel, or that takes nothing now."""
    route = condition.route
    if route is None or route.second is None:
        return False
    return (condition.kind in _OF_CHANNELS and subject == route.channel) or not facts.usable(route.channel)


def drafts(
    changes: Sequence[Changed], at: float, head: Reason, channels: Mapping[str, Channel], say: Say
) -> list[Draft]:
    """Render the messages that tell of changes."""
    mail: dict[Route, list[Changed]] = {}
    for one in changes:
        if (route := one.condition.route) is not None:
            mail.setdefault(route.second if one.second and route.second else route, []).append(one)
    return [_draft(route, found, at, head, channels, say) for route, found in mail.items()]


def further(outbox: Outbox, facts: Facts, channels: Mapping[str, Channel]) -> list[Draft]:
    """Return, for messages that did not arrive or whose channel takes nothing now, those to the second recipients.

    Each is made once.
    """
    made: list[Draft] = []
    for task in outbox.tasks(
        Filter(campaign=ALERTS_CAMPAIGN, statuses=(Status.QUEUED, Status.FAILED, Status.IN_DOUBT))
    ):
        second = task.metadata.get("second")
        to_come = task.status is Status.QUEUED and task.tries < LATE and facts.usable(task.channel)
        if task.name != FIRST or not second or to_come:
            continue
        key = f"{task.key} {SECOND}"
        if second["channel"] not in channels or any(outbox.tasks(Filter(campaign=ALERTS_CAMPAIGN, key=key, limit=1))):
            continue
        text = _fitted(task.text.split("\n"), channels[second["channel"]], str)
        made.append(_own(key, SECOND, second["channel"], second["recipient"], text, {}, channels))
    return made


def own_campaign(channels: Mapping[str, Channel]) -> Campaign | None:
    """Return the campaign whose messages are notifykit's own; None without channels.

    A message of which nobody knows whether it arrived is sent again: to be told twice is better than not at all.
    """
    some = next(iter(channels.values()), None)
    if some is None:
        return None
    plans = [
        MessagePlan(name=name, channel=some, recipient=_empty, text=_empty, on_unknown=OnUnknown.RESEND, ordered=False)
        for name in (FIRST, SECOND)
    ]
    return Campaign(
        name=ALERTS_CAMPAIGN, file=_NO_FILE, source=_NoSource(), strategy=_NoStrategy(), messages=tuple(plans)
    )


def _draft(
    route: Route, changes: Sequence[Changed], at: float, head: Reason, channels: Mapping[str, Channel], say: Say
) -> Draft:
    channel = channels.get(route.channel)
    lines = [say(head)]
    for one in changes:
        lines.append(say(one.reason))
        lines += [say(advice) for advice in one.advice]
    second = route.second and {"channel": route.second.channel, "recipient": route.second.recipient}
    metadata = {"alerts": [one.key for one in changes], **({"second": second} if second else {})}
    key = f"{at:.3f} {changes[0].key}"
    return _own(key, FIRST, route.channel, route.recipient, _fitted(lines, channel, say), metadata, channels)


def _own(
    key: str,
    name: str,
    channel: str,
    recipient: str,
    text: str,
    metadata: Mapping[str, object],
    channels: Mapping[str, Channel],
) -> Draft:
    configured = channels.get(channel)
    of_channel = configured.options if configured else None
    draft = Draft(
        campaign=ALERTS_CAMPAIGN,
        key=key,
        name=name,
        recipient=recipient,
        text=text,
        channel=channel,
        task_type="notifykit",
        ordered=False,  # it waits for no message of a campaign
        metadata=metadata,
        options=None if of_channel is None else of_channel.plain(text),
    )
    try:
        return keyed(draft, configured)
    except RenderError as error:  # people are told all the same
        log.warning("an alert is counted for no recipient: %s", error)
        return draft


def _fitted(lines: Sequence[str], channel: Channel | None, say: Say) -> str:
    """Return as many lines as the channel takes, without credentials and without markup."""
    escape = channel.escape if channel is not None and channel.escape is not None else str
    shown = [escape(redact(line)) for line in lines]
    bounds = channel.bounds if channel is not None else ()
    text = "\n".join(shown)
    if exceeded(bounds, text) is None:
        return text
    for kept in range(len(shown) - 1, 0, -1):
        text = "\n".join([*shown[:kept], say(ALERT_MORE(number=len(shown) - kept))])
        if exceeded(bounds, text) is None:
            return text
    return cut(bounds, shown[0])


def _empty(record: Record) -> str:  # noqa: ARG001
    return ""


class _NoSource:
    """Of messages that no record is behind."""

    def read(self) -> Iterator[Record | Problem]:
        """There are none."""
        return iter(())


class _NoStrategy(Strategy):
    """Writes nothing back."""

    def decide(self, record: Record, outbox: Ledger) -> Decision:  # noqa: ARG002
        """There is nothing to decide."""
        return Decision.SKIP
