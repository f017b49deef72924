"""Limits of a recipient or a chat: who is at its limit waits, and bars nobody else.

A lane whose turn is of a key without room is given a later one (`due_at`), so that a claim does not meet it again
before then. The task's `not_before` stays as it is: whatever finds the lane's turn anew makes it due, and the next
claim puts it off once more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping

from notifykit.outbox.channel_bounds import LONGEST_PUT_OFF, ChannelBounds
from notifykit.outbox.postgres import rates, rows
from notifykit.outbox.postgres.database import Database
from notifykit.outbox.postgres.lanes import Due, Lanes

# `with_room`: what tasks are counted by.
_KEYS = "SELECT id, limit_key FROM outbox.tasks WHERE id = ANY (%s::bigint[]) AND limit_key IS NOT NULL"

# `_put_off`: the due lanes whose turn is of a key, in the order of turns, and none that somebody else holds.
_OF_KEY = """
SELECT lanes.id FROM outbox.tasks AS t JOIN outbox.lanes ON lanes.id = t.lane AND lanes.next_id = t.id
 WHERE t.status = 'queued' AND t.channel = %(channel)s AND t.limit_key = %(key)s AND lanes.due_at <= %(now)s
   AND NOT lanes.id = ANY (%(kept)s::bigint[])
 ORDER BY lanes.due_at, lanes.next_id FOR UPDATE OF lanes SKIP LOCKED
"""

# `_put_off`: their turns come later.
_LATER = """
UPDATE outbox.lanes SET due_at = later.at FROM json_to_recordset(%s::json) AS later (id bigint, at double precision)
 WHERE lanes.id = later.id
"""

# `mend`: what waits for longer than anything is put off: the clock was set back.
_TOO_LONG = """
SELECT t.id, t.channel FROM outbox.tasks AS t JOIN outbox.lanes ON lanes.id = t.lane AND lanes.next_id = t.id
 WHERE t.status = 'queued' AND t.limit_key IS NOT NULL AND lanes.due_at > %s AND lanes.due_at > t.not_before
"""

KEYS_EVERY = 60.0
"""Seconds between two looks for counts of keys that no window reaches back to."""


def with_room(
    db: Database,
    find: Callable[[], list[Due]],
    channels: Mapping[str, ChannelBounds],
    left: dict[str, int],
    now: float,
) -> list[Due]:
    """Return due lanes, of whose turns there is room for the keys: `find` returns what is due, as often as it is asked.

    What there is no room for is put off. `left`: by the names under which attempts are counted, how many there may be.
    """
    if not now - KEYS_EVERY < db.keys_pruned <= now:
        db.keys_pruned = now
        for name, bounds in channels.items():
            if bounds.key_rates:
                rates.prune_keys(db, bounds.counted_as or name, bounds.longest, now)
    free_at: dict[str, float] = {}
    while True:
        found = find()
        keys = dict(db.all(_KEYS, ([one.next_id for one in found if channels[one.channel].key_rates],)))
        limited = [(one, channels[one.channel], keys[one.next_id]) for one in found if one.next_id in keys]
        new = {bounds.counted_by(one.channel, key): bounds.key_rates for one, bounds, key in limited}
        asked = {name: rates_ for name, rates_ in new.items() if name not in free_at}
        for name, (allowed, at) in (rates.allowances(db, asked, now) if asked else {}).items():
            left[name], free_at[name] = min(allowed, left.get(name, allowed)), at
        used, over, kept = Counter[str](), dict[tuple[str, str], None](), list[int]()
        for one, bounds, key in limited:
            name = bounds.counted_by(one.channel, key)
            if used[name] < left[name]:
                used[name] += 1
                kept.append(one.id)
            else:
                over[one.channel, key] = None
        if not over:
            left.update((name, left[name] - number) for name, number in used.items())
            return found
        for channel, key in over:
            bounds = channels[channel]
            name = bounds.counted_by(channel, key)
            first = free_at[name] if left[name] <= 0 else now + min(rate.seconds for rate in bounds.key_rates)
            _put_off(db, channel, key, kept, bounds, first, now)


def _put_off(
    db: Database, channel: str, key: str, kept: Collection[int], bounds: ChannelBounds, first: float, now: float
) -> None:
    """Give what is due of a key a later turn, but for the lanes that are `kept`: the first one then."""
    asked = {"channel": channel, "key": key, "now": now, "kept": list(kept)}
    lanes = [id_ for (id_,) in db.all(_OF_KEY, asked)]
    turns = bounds.turns(max(first, now + 0.001), len(lanes), now)
    db.execute(_LATER, (rows.many({"id": id_, "at": at} for id_, at in zip(lanes, turns, strict=True)),))


def mend(db: Database, lanes: Lanes, now: float) -> None:
    """Find the turns anew of what waits for too long because the clock was set back."""
    if found := db.all(_TOO_LONG, (now + LONGEST_PUT_OFF,)):
        lanes.announce({channel for _, channel in found})
        lanes.find_turns(lanes.hold_of(id_ for id_, _ in found))
