"""What rates leave of what is counted under a name: each attempt while its call is under way, and for its window
afterwards. A name is a channel's, a credential's, or that of a key within one of these (`ChannelBounds.counted`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from notifykit.model import Claim
from notifykit.outbox.sqlite.database import Database

if TYPE_CHECKING:
    from notifykit.roles import Rate

# `started`: count an attempt under a name.
_STARTED = "INSERT INTO starts (channel, at, task_id, number) VALUES (?, ?, ?, ?)"

# `ended`: a call is counted until its window after it ended, since nobody knows when the service counts it.
_ENDED = "UPDATE starts SET at = ? WHERE channel = ? AND at = ? AND task_id = ? AND number = ?"

# `ended`: of an attempt of which it is not known under which names it is counted.
_ENDED_SOMEWHERE = "UPDATE starts SET at = ? WHERE task_id = ? AND number = ?"

# `not_started`: take back the count of an attempt that was not made.
_NOT_STARTED = "DELETE FROM starts WHERE channel = ? AND at = ? AND task_id = ? AND number = ?"

# `not_started`: likewise.
_NOT_STARTED_SOMEWHERE = "DELETE FROM starts WHERE task_id = ? AND number = ?"

# Part of `_USED`, `_PRUNE` and `_PRUNE_KEYS`: whether the call of a start has not ended.
_UNDER_WAY = """
EXISTS (SELECT 1 FROM tasks WHERE tasks.id = task_id AND tasks.attempts = number AND tasks.status = 'sending')
"""

# `allowance`, `used`: the attempts that count in a window: when each ended, NULL while it is under way.
_USED = f"""
SELECT CASE WHEN {_UNDER_WAY} THEN NULL ELSE at END FROM starts
 WHERE channel = :channel AND (at > :from AND at <= :to OR {_UNDER_WAY})
"""

# Part of `_PRUNE` and `_PRUNE_KEYS`: what no window reaches back to, and what a clock that was set back left in the
# future.
_OVER = f"(at <= :from OR at > :to) AND NOT {_UNDER_WAY}"

# `allowance`: drop that.
_PRUNE = f"DELETE FROM starts WHERE channel = :channel AND {_OVER}"

# `prune_keys`: drop that of all keys within a name: '0' is what comes after '/'.
_PRUNE_KEYS = f"DELETE FROM starts WHERE channel > :name || '/' AND channel < :name || '0' AND {_OVER}"


def allowance(db: Database, name: str, rates: Sequence[Rate], now: float) -> tuple[int, float]:
    """Return how many attempts the rates leave for now, and until when nothing can be left where that is none.

    A start somewhat in the future was made by a machine whose clock is ahead; one further off was left by a clock
    that was set back, and is dropped.
    """
    longest = max(rate.seconds for rate in rates)
    db.execute(_PRUNE, {"channel": name, "from": now - longest, "to": now + longest})
    left, free_at = rates[0].count, now
    for rate in rates:
        ended_at = _counted(db, name, rate, now)
        left = min(left, rate.count - len(ended_at))
        if (over := len(ended_at) - rate.count) >= 0:
            ends = sorted(now if at is None else at for (at,) in ended_at)
            free_at = max(free_at, ends[over] + rate.seconds)  # when so many have left the window, there is a place
    return left, free_at


def used(db: Database, name: str, rates: Sequence[Rate], now: float) -> list[int]:
    """Return how many attempts count for each of these rates. Nothing is changed."""
    return [len(_counted(db, name, rate, now)) for rate in rates]


def _counted(db: Database, name: str, rate: Rate, now: float) -> list[tuple[float | None]]:
    return db.all(_USED, {"channel": name, "from": now - rate.seconds, "to": now + rate.seconds})


def started(db: Database, claims: Iterable[Claim]) -> None:
    """Count the attempts of these claims."""
    db.executemany(_STARTED, [start for claim in claims for start in _starts(claim)])


def ended(db: Database, claims: Sequence[Claim], now: float) -> None:
    """Count the attempts of these claims from now on: their calls have ended."""
    if named := [(now, *start) for claim in claims for start in _starts(claim)]:
        db.executemany(_ENDED, named)
    if others := [(now, claim.task.id, claim.token) for claim in claims if claim.counted is None]:
        db.executemany(_ENDED_SOMEWHERE, others)


def not_started(db: Database, claim: Claim) -> None:
    """Take back the counts of an attempt that was not made."""
    if claim.counted is None:
        db.execute(_NOT_STARTED_SOMEWHERE, (claim.task.id, claim.token))
    for start in _starts(claim):
        db.execute(_NOT_STARTED, start)


def prune_keys(db: Database, name: str, longest: float, now: float) -> None:
    """Drop the starts that no window of so many seconds reaches back to, of all keys within a name."""
    db.execute(_PRUNE_KEYS, {"name": name, "from": now - longest, "to": now + longest})


def _starts(claim: Claim) -> Iterator[tuple[str, float, int, int]]:
    for name in claim.counted or ():
        yield (name, claim.started_at, claim.task.id, claim.token)
