"""What rates leave of what is counted under a name: each attempt while its call is under way, and for its window
afterwards. A name is a channel's, a credential's, or that of a key within one of these (`ChannelBounds.counted`).

Whoever counts holds the lock of the channel or the credential: two that count at once would both find the last place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from notifykit.model import Claim
from notifykit.outbox.postgres import rows
from notifykit.outbox.postgres.database import Database
from notifykit.roles import Rate

_COUNTED = "json_to_recordset(%s::json) AS counted (channel text, at double precision, task_id bigint, number integer)"

_IS_COUNTED = """starts.channel = counted.channel AND starts.at = counted.at AND starts.task_id = counted.task_id
   AND starts.number = counted.number"""

# `started`: count attempts of limited channels.
_STARTED = f"INSERT INTO outbox.starts (channel, at, task_id, number) SELECT * FROM {_COUNTED} ON CONFLICT DO NOTHING"

# `ended`: a call is counted until its window after it ended, since nobody knows when the service counts it.
_ENDED = f"""
UPDATE outbox.starts SET at = now FROM {_COUNTED}, (SELECT %s::double precision AS now) AS time WHERE {_IS_COUNTED}
"""

# `ended`: of attempts of which it is not known under which names they are counted.
_ENDED_SOMEWHERE = """
UPDATE outbox.starts SET at = %s FROM json_to_recordset(%s::json) AS ended (task_id bigint, number integer)
 WHERE starts.task_id = ended.task_id AND starts.number = ended.number
"""

# `drop_somewhere`: count attempts no longer, under whichever names they are counted.
_DROP_SOMEWHERE = """
DELETE FROM outbox.starts USING json_to_recordset(%s::json) AS claim (task_id bigint, number integer)
 WHERE starts.task_id = claim.task_id AND starts.number = claim.number
"""

# `prune_keys`: what no window reaches back to, of all keys within a name: '0' is what comes after '/'.
_PRUNE_KEYS = """
DELETE FROM outbox.starts WHERE channel > %(name)s || '/' AND channel < %(name)s || '0'
   AND (at <= %(from)s OR at > %(to)s) AND NOT EXISTS (
       SELECT 1 FROM outbox.tasks WHERE tasks.id = task_id AND tasks.attempts = number AND status = 'sending')
"""

# `drop`: count attempts no longer.
_DROP = f"DELETE FROM outbox.starts USING {_COUNTED} WHERE {_IS_COUNTED}"

# `allowances`, `used`: the attempts of channels that may count, and whether each is under way.
_USED = """
SELECT starts.channel, at, task_id, number, EXISTS (
       SELECT 1 FROM outbox.tasks WHERE tasks.id = task_id AND tasks.attempts = number AND status = 'sending')
  FROM outbox.starts WHERE channel = ANY (%s::text[])
"""


class _Start(NamedTuple):
    channel: str
    at: float
    task_id: int
    number: int


def allowances(db: Database, limits: Mapping[str, Sequence[Rate]], now: float) -> dict[str, tuple[int, float]]:
    """Return how many attempts the rates of each name leave for now, and until when there can be none left.

    A start somewhat in the future was made by a machine whose clock is ahead; one further off was left by a clock
    that was set back, and is dropped.
    """
    used: dict[str, list[float | None]] = defaultdict(list)
    over: list[_Start] = []
    for *found, is_under_way in db.all(_USED, (list(limits),)):
        start = _Start._make(found)
        longest = max(rate.seconds for rate in limits[start.channel])
        if is_under_way:
            used[start.channel].append(None)
        elif now - longest < start.at <= now + longest:
            used[start.channel].append(start.at)
        else:
            over.append(start)
    drop(db, over)
    return {name: _allowance(limits[name], used[name], now) for name in limits}


def _allowance(rates: Sequence[Rate], starts: Sequence[float | None], now: float) -> tuple[int, float]:
    left, free_at = rates[0].count, now
    for rate in rates:
        counted = _counted(rate, starts, now)
        left = min(left, rate.count - len(counted))
        if (over := len(counted) - rate.count) >= 0:
            ends = sorted(now if at is None else at for at in counted)
            free_at = max(free_at, ends[over] + rate.seconds)  # when so many have left the window, there is a place
    return left, free_at


def used(db: Database, limits: Mapping[str, Sequence[Rate]], now: float) -> dict[str, list[int]]:
    """Return how many attempts count for each of these rates, by name. Nothing is changed."""
    starts: dict[str, list[float | None]] = defaultdict(list)
    for channel, at, *_, is_under_way in db.all(_USED, (list(limits),)):
        starts[channel].append(None if is_under_way else at)
    return {name: [len(_counted(rate, starts[name], now)) for rate in rates] for name, rates in limits.items()}


def _counted(rate: Rate, starts: Sequence[float | None], now: float) -> list[float | None]:
    return [at for at in starts if at is None or now - rate.seconds < at <= now + rate.seconds]


def started(db: Database, claims: Iterable[Claim]) -> None:
    """Count the attempts of these claims."""
    db.execute(_STARTED, (_many(_starts(claims)),))


def ended(db: Database, claims: Sequence[Claim], now: float) -> None:
    """Count the attempts of these claims from now on: their calls have ended."""
    if named := _starts(claims):
        db.execute(_ENDED, (_many(named), now))
    if others := _unnamed(claims):
        db.execute(_ENDED_SOMEWHERE, (now, rows.many(others)))


def not_started(db: Database, claims: Sequence[Claim]) -> None:
    """Take back the counts of attempts that were not made."""
    drop(db, _starts(claims))
    drop_somewhere(db, _unnamed(claims))


def drop_somewhere(db: Database, attempts: Sequence[Mapping[str, int]]) -> None:
    """Count attempts no longer, by `task_id` and `number`."""
    if attempts:
        db.execute(_DROP_SOMEWHERE, (rows.many(attempts),))


def prune_keys(db: Database, name: str, longest: float, now: float) -> None:
    """Drop the starts that no window of so many seconds reaches back to, of all keys within a name."""
    db.execute(_PRUNE_KEYS, {"name": name, "from": now - longest, "to": now + longest})


def drop(db: Database, starts: Sequence[_Start]) -> None:
    """Count attempts no longer."""
    if starts:
        db.execute(_DROP, (_many(starts),))


def _many(starts: Iterable[_Start]) -> str:
    return rows.many(start._asdict() for start in starts)


def _starts(claims: Iterable[Claim]) -> list[_Start]:
    return [_Start(name, one.started_at, one.task.id, one.token) for one in claims for name in one.counted or ()]


def _unnamed(claims: Iterable[Claim]) -> list[dict[str, int]]:
    return [{"task_id": one.task.id, "number": one.token} for one in claims if one.counted is None]
