"""How each channel stands: what waits for it, how much of its rates is used, and what holds it up."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from notifykit.campaign.limit_keys import counted_as
from notifykit.errors import NotifykitError
from notifykit.operate.attention import outages
from notifykit.operate.consequences import ChannelConsequences, of_resuming
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Count, Outage, Pause
from notifykit.pipeline.project import Project
from notifykit.roles import Rate
from notifykit.wording.translation import gettext

__all__ = ["ChannelState", "RateUse", "channel_states", "resume_as_shown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RateUse:
    """A rate, and how many attempts count for it now."""

    rate: Rate
    used: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelState:
    """How a channel stands."""

    name: str
    type: str | None
    """Of its sender; None where it cannot be used here."""
    failure: NotifykitError | None = None
    """Why it cannot be used here; None also where nothing is configured under its name."""
    concurrency: int | None = None
    """How many calls there may be at once; None: as many as there are workers."""
    rates: Sequence[RateUse] = ()
    waiting: Count
    on_wire: int
    oldest_queued: float | None
    """UTC seconds, as the next one."""
    oldest_due: float | None
    """Since when the first turn is due, or when it will be."""
    pause: Pause | None
    outage: Outage | None


def channel_states(project: Project, outbox: Outbox) -> list[ChannelState]:
    """Return all channels that are configured, or for which anything waits, or that are held up; by name."""
    usable = project.configuration.channels
    failures = {one.name: one.failure for one in project.configuration.unavailable if one.kind == "channel"}
    pulses = {one.channel: one for one in outbox.pulse().channels}
    pauses = {one.channel: one for one in outbox.pauses()}
    away = {one.channel: one for one in outages(outbox)}
    wire = Counter(claim.task.channel for claim in outbox.on_wire())
    counted = {name: counted_as(channel) or name for name, channel in usable.items()}
    rates: dict[str, dict[Rate, None]] = defaultdict(dict)
    for name, channel in usable.items():
        if channel.limits:
            rates[counted[name]].update(dict.fromkeys(channel.limits))
    found = outbox.used({name: list(some) for name, some in rates.items()})
    used = {
        (name, rate): number for name, some in rates.items() for rate, number in zip(some, found[name], strict=True)
    }

    def state(name: str) -> ChannelState:
        channel, pulse = usable.get(name), pulses.get(name)
        return ChannelState(
            name=name,
            type=channel.type if channel else None,
            failure=failures.get(name),
            concurrency=channel.concurrency if channel else None,
            rates=[RateUse(rate=rate, used=used[counted[name], rate]) for rate in (channel.limits if channel else ())],
            waiting=pulse.waiting if pulse else Count(),
            on_wire=wire[name],
            oldest_queued=pulse.oldest_queued if pulse else None,
            oldest_due=pulse.oldest_due if pulse else None,
            pause=pauses.get(name),
            outage=away.get(name),
        )

    return [state(name) for name in sorted({*usable, *failures, *pulses, *pauses, *away, *wire})]


def resume_as_shown(outbox: Outbox, shown: ChannelConsequences, *, who: str, why: str) -> None:
    """End a channel's pause that a person was shown, or its outage.

    Raises NotifykitError, and changes nothing, where that ended meanwhile, or is another one.
    """
    with outbox.transaction():
        now = of_resuming(outbox, shown.channel)
        if now.pause != shown.pause or (now.outage is None) != (shown.outage is None):
            since = (one for one in outbox.decisions() if one.channel == shown.channel)
            decided = next(since, None)
            raise NotifykitError(
                gettext("channel {channel} is not as it was shown", channel=shown.channel),
                mend=gettext("the last to decide about it was {who}: {why}", who=decided.who, why=decided.why)
                if decided
                else gettext("look again"),
                more=[gettext("nothing was changed")],
            )
        outbox.resume(shown.channel, who=who, why=why)
