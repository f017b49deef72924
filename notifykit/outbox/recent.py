"""What a store read of the attempts of some time, as figures."""

from __future__ import annotations

import itertools
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from notifykit.model import Verdict
from notifykit.outbox.values import DIGESTS, RecentFigures, is_reserved


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """The calls of one channel that ended in some time."""

    number: int
    slow: int
    """Those that took longer than was asked for."""


def recent_of(
    accepted: Iterable[tuple[str, float | None]],
    others: Iterable[tuple[str, str, int, int, int]],
    twice: Iterable[tuple[str, int]],
) -> list[RecentFigures]:
    """Put the figures together.

    `accepted`: of each accepted attempt its campaign, and the seconds from the queue to its end; `others`: campaign,
    verdict, how many attempts, how many messages, and how many of these failed for good by it; `twice`: campaign and
    how many messages.
    """
    waits: dict[str, list[float]] = defaultdict(list)
    counted: Counter[str] = Counter()
    for campaign, wait in accepted:
        counted[campaign] += 1
        if wait is not None:
            waits[campaign].append(max(wait, 0.0))
    attempts = Counter(counted)
    messages: dict[str, Counter[str]] = defaultdict(Counter)
    failed: Counter[str] = Counter()
    for campaign, verdict, number, tasks, ended in others:
        attempts[campaign] += number
        messages[campaign][verdict] += tasks
        failed[campaign] += ended
    repeated = dict(twice)
    return [
        RecentFigures(
            campaign=campaign,
            attempts=attempts[campaign],
            accepted=counted[campaign],
            put_back=messages[campaign][Verdict.RETRY],
            doubtful=messages[campaign][Verdict.UNKNOWN],
            failed=failed[campaign],
            perhaps_twice=repeated.get(campaign, 0),
            waits=array("d", sorted(waits[campaign])),
        )
        for campaign in sorted(itertools.filterfalse(is_reserved, attempts))
    ]


def calls_of(found: Iterable[tuple[str, str, int, int]]) -> dict[str, Calls]:
    """Put calls together, by channel. `found`: of a campaign or its digests and a channel, how many, and the slow ones.

    Without notifykit's own messages, and without channels that were not called.
    """
    number: Counter[str] = Counter()
    slow: Counter[str] = Counter()
    for campaign, channel, calls, longer in found:
        if calls and (campaign.startswith(DIGESTS) or not is_reserved(campaign)):
            number[channel] += calls
            slow[channel] += longer
    return {channel: Calls(number=number[channel], slow=slow[channel]) for channel in sorted(number)}
