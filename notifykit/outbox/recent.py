"""What a store read of the attempts of some time, as figures."""

from __future__ import annotations

import itertools
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable

from notifykit.model import Verdict
from notifykit.outbox.values import RecentFigures, is_reserved


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
