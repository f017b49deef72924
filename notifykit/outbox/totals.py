"""What a store counts for monitors: totals that are only added to.

Attempts are counted after they have finished, by whoever calls `roll_up`, each once and as it stands then: a late
result changes no total. What is pruned, rolled back or forgotten later stays counted.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from notifykit.model import Verdict
from notifykit.outbox.values import DIGESTS, is_reserved

__all__ = [
    "ATTEMPTS",
    "AT_ONCE",
    "CALLS",
    "CALL_BOUNDS",
    "CALL_SECONDS",
    "DELAYS",
    "DELAY_BOUNDS",
    "DELAY_SECONDS",
    "ERRORS",
    "LOGGED",
    "OTHER_CODE",
    "PREVENTED",
    "SEQUENCE",
    "TWICE",
    "Total",
    "Totals",
    "bound_text",
    "counted",
    "raised",
]

ATTEMPTS = "attempts"
"""Finished attempts, by campaign, channel and verdict."""
ERRORS = "errors"
"""Those that were not accepted, by channel and code."""
CALLS, CALL_SECONDS = "calls", "call_seconds"
"""Calls of a sender by channel, in ranges of how long they took; and how long they took together."""
DELAYS, DELAY_SECONDS = "delays", "delay_seconds"
"""Accepted messages by campaign, in ranges of the time from the queue to the end of the attempt; and that together."""
TWICE = "twice"
"""Messages with two attempts that were or may have been accepted, by campaign."""
PREVENTED = "prevented"
"""Offers of a message that was there already, by campaign."""
PREVENTED_SEEN = "prevented_seen"
"""How many of those the store had counted when they were added here."""
LOGGED = "logged"
"""Lines that processes logged, by level."""
SEQUENCE = "sequence"
"""How often anything was added: where it falls, an older state of the store was put in its place."""

CALL_BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Seconds at which the ranges of calls end; the last range has no end."""
DELAY_BOUNDS = (1.0, 5.0, 15.0, 60.0, 300.0, 600.0, 1_800.0, 3_600.0, 14_400.0, 86_400.0)
"""Seconds at which the ranges of delays end; likewise."""

AT_ONCE = 5_000
"""Attempts that one transaction counts: nobody waits long for it."""

MOST_CODES = 100
"""Codes that are told apart, of one channel."""
OTHER_CODE = "other"
"""What stands for a further code, and for one that is no code."""

_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


class Total(NamedTuple):
    """What a total is of."""

    name: str
    campaign: str = ""
    channel: str = ""
    detail: str = ""


Totals = Mapping[Total, float]

Attempted = tuple[str | None, str | None, str | None, str | None, float | None, float | None, int | None]
"""A finished attempt: campaign, channel, verdict, code, seconds of its call, seconds from the queue to its end, and
whether it is the second of its message that was or may have been accepted. Nothing is counted of one without a
campaign."""


def bound_text(bound: float) -> str:
    """Return the end of a range as a text, as Prometheus writes it."""
    return "+Inf" if bound == float("inf") else repr(bound)


def counted(attempts: Iterable[Attempted], prevented: Iterable[tuple[str, int]], known: Totals) -> dict[Total, float]:
    """Return what is to be added to the totals.

    `prevented`: of each campaign, how many offers of known messages the store has counted; `known`: the totals of
    `PREVENTED_SEEN` and `ERRORS`.
    """
    more: Counter[Total] = Counter()
    seconds: dict[Total, float] = defaultdict(float)
    codes: dict[str, set[str]] = defaultdict(set)
    for total in known:
        if total.name == ERRORS and total.detail != OTHER_CODE:
            codes[total.channel].add(total.detail)
    for campaign, channel, verdict, code, call, wait, twice in attempts:
        if campaign is not None and campaign.startswith(DIGESTS) and channel is not None and call is not None:
            more[Total(CALLS, channel=channel, detail=_range(call, CALL_BOUNDS))] += 1
            seconds[Total(CALL_SECONDS, channel=channel)] += max(call, 0.0)
        if campaign is None or channel is None or verdict is None or is_reserved(campaign):
            continue
        more[Total(ATTEMPTS, campaign, channel, verdict)] += 1
        if verdict != Verdict.ACCEPTED:
            more[Total(ERRORS, channel=channel, detail=_code(code, codes[channel]))] += 1
        elif wait is not None:
            more[Total(DELAYS, campaign, detail=_range(wait, DELAY_BOUNDS))] += 1
            seconds[Total(DELAY_SECONDS, campaign)] += max(wait, 0.0)
        if call is not None:
            more[Total(CALLS, channel=channel, detail=_range(call, CALL_BOUNDS))] += 1
            seconds[Total(CALL_SECONDS, channel=channel)] += max(call, 0.0)
        if twice:
            more[Total(TWICE, campaign)] += 1
    added: dict[Total, float] = {**more, **seconds}
    for campaign, number in prevented:
        seen = Total(PREVENTED_SEEN, campaign)
        difference = number - known.get(seen, 0.0)
        if difference and not is_reserved(campaign):
            added[seen] = difference
            if difference > 0:
                added[Total(PREVENTED, campaign)] = difference
    return added


def raised(totals: Totals, least: Totals) -> dict[Total, float]:
    """Return those of `least` that `totals` fall short of: none, unless an older state was put in their place."""
    one = Total(SEQUENCE)
    if totals.get(one, 0.0) >= least.get(one, 0.0):
        return {}
    return {total: value for total, value in least.items() if value > totals.get(total, 0.0)}


def _range(seconds: float, bounds: Sequence[float]) -> str:
    at = bisect_left(bounds, seconds)
    return bound_text(bounds[at] if at < len(bounds) else float("inf"))


def _code(code: str | None, known: set[str]) -> str:
    """Return what stands for a code: bounded, and never what a service may have put into it."""
    if not code or not _CODE.fullmatch(code) or (code not in known and len(known) >= MOST_CODES):
        return OTHER_CODE
    known.add(code)
    return code
