"""What rates leave of a channel: each attempt is counted while its call is under way, and for its window afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from notifykit.model import Claim
from notifykit.outbox.sqlite.database import Database
from notifykit.roles import Rate

# `started`: count an attempt of a limited channel.
_STARTED = "INSERT INTO starts (channel, at, task_id, number) VALUES (?, ?, ?, ?)"

# `ended`: a call is counted until its window after it ended, since nobody knows when the service counts it.
_ENDED = "UPDATE starts SET at = ? WHERE channel = ? AND at = ? AND task_id = ? AND number = ?"

# `not_started`: take back the count of an attempt that was not made.
_NOT_STARTED = "DELETE FROM starts WHERE channel = ? AND at = ? AND task_id = ? AND number = ?"

# Part of `_USED` and `_PRUNE`: whether the call of a start has not ended.
_UNDER_WAY = """
EXISTS (SELECT 1 FROM tasks WHERE tasks.id = task_id AND tasks.attempts = number AND tasks.status = 'sending')
"""

# `allowance`, `used`: the attempts of a channel that count in a window: when each ended, NULL while it is under way.
_USED = f"""
SELECT CASE WHEN {_UNDER_WAY} THEN NULL ELSE at END FROM starts
 WHERE channel = :channel AND (at > :from AND at <= :to OR {_UNDER_WAY})
"""

# `allowance`: drop what no window reaches back to, and what a clock that was set back left in the future.
_PRUNE = f"DELETE FROM starts WHERE channel = :channel AND (at <= :from OR at > :to) AND NOT {_UNDER_WAY}"


def allowance(db: Database, channel: str, rates: Sequence[Rate], now: float) -> tuple[int, float]:
    """Return how many attempts the rates leave for now, and until when nothing can be left where that is none.

    A start somewhat in the future was made by a machine whose clock is ahead; one further off was left by a clock
    that was set back, and is dropped.
    """
    longest = max(rate.seconds for rate in rates)
    db.execute(_PRUNE, {"channel": channel, "from": now - longest, "to": now + longest})
    left, free_at = rates[0].count, now
    for rate in rates:
        ended_at = _counted(db, channel, rate, now)
        left = min(left, rate.count - len(ended_at))
        if (over := len(ended_at) - rate.count) >= 0:
            ends = sorted(now if at is None else at for (at,) in ended_at)
            free_at = max(free_at, ends[over] + rate.seconds)  # when so many have left the window, there is a place
    return left, free_at


def used(db: Database, channel: str, rates: Sequence[Rate], now: float) -> list[int]:
    """Return how many attempts count for each of these rates. Nothing is changed."""
    return [len(_counted(db, channel, rate, now)) for rate in rates]


def _counted(db: Database, channel: str, rate: Rate, now: float) -> list[tuple[float | None]]:
    return db.all(_USED, {"channel": channel, "from": now - rate.seconds, "to": now + rate.seconds})


def started(db: Database, claims: Iterable[Claim]) -> None:
    """Count the attempts of these claims."""
    db.executemany(_STARTED, [_start(claim) for claim in claims])


def ended(db: Database, claims: Iterable[Claim], now: float) -> None:
    """Count the attempts of these claims from now on: their calls have ended."""
    db.executemany(_ENDED, [(now, *_start(claim)) for claim in claims])


def not_started(db: Database, claim: Claim) -> None:
    """Take back the count of an attempt that was not made."""
    db.execute(_NOT_STARTED, _start(claim))


def _start(claim: Claim) -> tuple[str, float, int, int]:
    return (claim.task.channel, claim.started_at, claim.task.id, claim.token)
