"""What a store counted, as a pulse."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from notifykit.model import Status
from notifykit.outbox.values import ALERTS_CAMPAIGN, DIGESTS, CampaignPulse, ChannelPulse, Count, Pause, Pulse

OPEN = (Status.QUEUED, Status.IN_DOUBT, Status.FAILED)
"""The statuses that are counted by campaign and channel."""


def pulse_of(
    opened: Mapping[Status, Iterable[tuple[str, str, int, float | None]]],
    others: Mapping[Status, Iterable[tuple[str, int]]],
    *,
    at: float,
    first_due: Callable[[Sequence[str]], Mapping[str, float | None]],
    oldest_doubts: Callable[[Sequence[str]], Mapping[str, float | None]],
    pauses: Sequence[Pause],
) -> Pulse:
    """Put together what is open.

    `opened`: of each of OPEN, campaign, channel, how many, and since when the first one is queued; `others`: of other
    statuses, campaign and how many. `first_due` is asked when the first turns of channels come, `oldest_doubts` since
    when the first doubts of campaigns are.
    """
    campaigns: dict[str, dict[Status, Count]] = defaultdict(lambda: defaultdict(Count))
    waiting: dict[str, Count] = defaultdict(Count)
    queued: dict[str, list[float]] = defaultdict(list)
    oldest: dict[str, list[float]] = defaultdict(list)
    for status, found in opened.items():
        for campaign, channel, number, since in found:
            campaigns[campaign][status] += Count.of(number)
            if status is Status.QUEUED and not campaign.startswith(DIGESTS):
                waiting[channel] += Count.of(number)
                queued[channel] += [] if since is None else [since]
                oldest[campaign] += [] if since is None else [since]
    for status, counted in others.items():
        for campaign, number in counted:
            campaigns[campaign][status] += Count.of(number)
    names = sorted(waiting)
    due = first_due(names)
    doubts = oldest_doubts(sorted(name for name, found in campaigns.items() if Status.IN_DOUBT in found))
    return Pulse(
        at=at,
        campaigns=[
            CampaignPulse(
                campaign=name,
                by_status=dict(found),
                oldest_queued=min(oldest.get(name, ()), default=None),
                oldest_doubt=doubts.get(name),
            )
            for name, found in sorted(campaigns.items())
            if name != ALERTS_CAMPAIGN and not name.startswith(DIGESTS)
        ],
        channels=[
            ChannelPulse(
                channel=name,
                waiting=waiting[name],
                oldest_queued=min(queued[name], default=None),
                oldest_due=due[name],
            )
            for name in names
        ],
        pauses=pauses,
    )
