"""Limits of a recipient or a chat: who is at its limit waits, and bars nobody else.

What is due and has no room is given a later turn (`due_at`), so that a claim does not meet it again before then. Its
`not_before` stays as it is: whatever finds the turns of its lane anew makes it due, and the next claim puts it off once
more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from notifykit.outbox.channel_bounds import LONGEST_PUT_OFF, ChannelBounds
from notifykit.outbox.sqlite import lanes, rates
from notifykit.outbox.sqlite.database import Database

# `_put_off`: what is due of a key, in the order of turns.
_OF_KEY = """
SELECT id FROM tasks INDEXED BY tasks_limited
 WHERE status = 'queued' AND limit_key IS NOT NULL AND due_at IS NOT NULL AND channel = ? AND limit_key = ?
   AND due_at <= ? ORDER BY due_at, id
"""

# `_put_off`: its turn comes later.
_LATER = "UPDATE tasks SET due_at = ? WHERE id = ?"

# `mend`: what waits for longer than anything is put off: the clock was set back.
_TOO_LONG = """
SELECT id, channel, recipient, ordered FROM tasks INDEXED BY tasks_limited
 WHERE status = 'queued' AND limit_key IS NOT NULL AND due_at IS NOT NULL AND channel IS NOT NULL
   AND due_at > ? AND due_at > not_before
"""


KEYS_EVERY = 60.0
"""Seconds between two looks for counts of keys that no window reaches back to."""


class Limited(Protocol):
    """A task that is due."""

    @property
    def id(self) -> int:
        """Of the task."""
        ...

    @property
    def limit_key(self) -> object:
        """What another program wrote there is no text, and counts as none."""
        ...


Due = TypeVar("Due", bound=Limited)


def with_room(
    db: Database, find: Callable[[], list[Due]], channel: str, bounds: ChannelBounds, left: dict[str, int], now: float
) -> list[Due]:
    """Return due tasks for whose keys there is room: `find` returns what is due, in order, as often as it is asked.

    What there is no room for is put off. `left`: by the names under which attempts are counted, how many there may be.
    """
    if db.clock.monotonic() >= db.keys_next:
        db.keys_next = db.clock.monotonic() + KEYS_EVERY
        rates.prune_keys(db, bounds.counted_as or channel, bounds.longest, now)
    free_at: dict[str, float] = {}
    while True:
        found = find()
        used, over, kept = Counter[str](), dict[str, None](), list[int]()
        for one in found:
            if not isinstance(one.limit_key, str):
                continue
            name = bounds.counted_by(channel, one.limit_key)
            if name not in free_at:
                allowed, free_at[name] = rates.allowance(db, name, bounds.key_rates, now)
                left[name] = min(allowed, left.get(name, allowed))
            if used[name] < left[name]:
                used[name] += 1
                kept.append(one.id)
            else:
                over[one.limit_key] = None
        if not over:
            return found
        for key in over:
            name = bounds.counted_by(channel, key)
            first = free_at[name] if left[name] <= 0 else now + min(rate.seconds for rate in bounds.key_rates)
            _put_off(db, channel, key, kept, bounds, first, now)


def _put_off(
    db: Database, channel: str, key: str, kept: Sequence[int], bounds: ChannelBounds, first: float, now: float
) -> None:
    """Give what is due of a key a later turn, but for the tasks that are `kept`: the first one then."""
    due = [id_ for (id_,) in db.all(_OF_KEY, (channel, key, now)) if id_ not in kept]
    db.executemany(_LATER, list(zip(bounds.turns(max(first, now + 0.001), len(due), now), due, strict=True)))


def mend(db: Database, now: float) -> None:
    """Find the turns anew of what waits for too long because the clock was set back."""
    found = db.all(_TOO_LONG, (now + LONGEST_PUT_OFF,))
    lanes.advance(db, {(channel, recipient) for _, channel, recipient, ordered in found if ordered})
    lanes.place_unordered(db, [id_ for id_, *_, ordered in found if not ordered])
