"""Gathering messages into digests, in the PostgreSQL outbox.

A message that goes in a digest has a lane of its own that is never made, so that nobody gives it a turn. Whatever
changes who is in a digest holds the lane of the digest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from notifykit.model import Batch
from notifykit.outbox.digests import Waiting, alike, digests_of
from notifykit.outbox.postgres import rows
from notifykit.outbox.postgres.database import Database
from notifykit.outbox.postgres.lanes import Lanes

LaneOf = Mapping[tuple[str, str], int]
"""The lanes of channels with recipients, which are held."""

# `hold`: the members of some digests, of the digests of some messages, and these messages, with what they have in
# common with others.
_SCOPE = """
SELECT its.task_id, its.digest, its.ordered, t.campaign, m.message_name, t.channel, m.recipient, m.options, t.limit_key
  FROM outbox.digest_members AS its JOIN outbox.tasks AS t ON t.id = its.task_id
  JOIN outbox.messages AS m ON m.id = t.id
 WHERE its.task_id = ANY (%(ids)s::bigint[]) OR its.digest = ANY (%(ids)s::bigint[]) OR its.digest IN (
       SELECT digest FROM outbox.digest_members WHERE stands = 1 AND task_id = ANY (%(ids)s::bigint[]))
"""

# `hold`: the channels of tasks.
_CHANNELS = "SELECT DISTINCT channel FROM outbox.tasks WHERE id = ANY (%s::bigint[])"

# `open_of`, `gather`: the last digest of each kind that gathers and was never tried, with how many it has, when it is
# due, when all of them are, and its lane.
_OPEN = """
SELECT DISTINCT ON (alike) alike, task_id, (
           SELECT count(*) FROM outbox.digest_members WHERE digest = digests.task_id AND stands = 1), not_before, (
           SELECT coalesce(max(t.not_before), 0) FROM outbox.digest_members AS its
             JOIN outbox.tasks AS t ON t.id = its.task_id WHERE its.digest = digests.task_id AND its.stands = 1), lane
  FROM outbox.digests JOIN outbox.tasks ON tasks.id = task_id
 WHERE alike = ANY (%s::text[]) AND members IS NULL AND status = 'queued'
   AND NOT EXISTS (SELECT 1 FROM outbox.attempts AS made WHERE made.task_id = tasks.id)
 ORDER BY alike, task_id DESC
"""

# `wait_for_others`: messages that are to be gathered, in none yet.
_WAIT = """
INSERT INTO outbox.digest_members (task_id, digest, stands, wait, most, ordered)
SELECT id, 0, 0, wait, most, ordered
  FROM json_to_recordset(%s::json) AS new (id bigint, wait double precision, most bigint, ordered integer)
"""

# `wait_as`: messages are gathered as their rounds before were.
_WAIT_AS = """
INSERT INTO outbox.digest_members (task_id, digest, stands, wait, most, ordered)
SELECT DISTINCT ON (new.id) new.id, 0, 0, wait, most, ordered
  FROM json_to_recordset(%s::json) AS new (id bigint, old bigint)
  JOIN outbox.digest_members AS kept ON kept.task_id = new.old ORDER BY new.id, digest DESC
"""

# `gather`: those of some tasks that are to be in a digest, and are in none that gathers or is under way.
_LOOSE = """
SELECT t.id, t.campaign, m.message_name, t.channel, m.recipient, m.task_type, greatest(t.queued_at, not_before) + wait,
       not_before, most, wait, ordered, m.options, t.limit_key
  FROM outbox.tasks AS t JOIN outbox.messages AS m ON m.id = t.id
  JOIN outbox.digest_members AS kept ON kept.task_id = t.id
   AND kept.digest = (SELECT max(digest) FROM outbox.digest_members WHERE task_id = t.id)
 WHERE t.id = ANY (%s::bigint[]) AND t.status = 'queued'
   AND NOT EXISTS (SELECT 1 FROM outbox.digest_members AS its JOIN outbox.tasks AS whole ON whole.id = its.digest
                    WHERE its.task_id = t.id AND stands = 1 AND whole.status IN ('queued', 'sending'))
 ORDER BY t.id
"""

# `gather`, `leave`: they stand with no digest.
_LEAVE = "UPDATE outbox.digest_members SET stands = 0 WHERE task_id = ANY (%s::bigint[])"

# `gather`: nothing is left of where they only waited.
_FORGET = """
DELETE FROM outbox.digest_members WHERE task_id = ANY (%s::bigint[])
   AND (digest = 0 OR digest IN (SELECT task_id FROM outbox.digests WHERE members IS NULL))
"""

# `gather`: messages stand with digests.
_JOIN = """
INSERT INTO outbox.digest_members (task_id, digest, stands, wait, most, ordered)
SELECT id, digest, 1, wait, most, ordered
  FROM json_to_recordset(%s::json) AS new (
       id bigint, digest bigint, wait double precision, most bigint, ordered integer)
ON CONFLICT (task_id, digest) DO UPDATE SET stands = 1
"""

# `make`: digests that gather.
_NEW = """
WITH new AS (SELECT * FROM json_to_recordset(%s::json) AS new (
    id bigint, lane bigint, campaign text, name text, channel text, recipient text, task_type text, alike text,
    options text, limit_key text, now double precision, due double precision)),
messages AS (
    INSERT INTO outbox.messages (id, campaign, record_key, message_name, round, task_type, recipient, text, metadata,
                                 options)
    SELECT id, campaign, 'digest-' || id, name, 1, task_type, recipient, '', '{}', options FROM new),
lanes AS (
    INSERT INTO outbox.lanes (id, channel, name) SELECT lane, channel, '' FROM new WHERE lane < 0),
digests AS (
    INSERT INTO outbox.digests (task_id, alike) SELECT id, alike FROM new)
INSERT INTO outbox.tasks (id, lane, campaign, channel, status, tries, queued_at, not_before, limit_key)
SELECT id, lane, campaign, channel, 'queued', 0, now, due, limit_key FROM new
"""

# `mend`: digests that gather since before the clock was set back.
_SINCE_THE_FUTURE = """
SELECT t.id, t.channel FROM outbox.digests JOIN outbox.tasks AS t ON t.id = task_id
 WHERE members IS NULL AND status = 'queued' AND queued_at > %(now)s AND not_before > %(now)s
"""

# `mend`: they gather since now, and no longer than they were to.
_SINCE_NOW = """
UPDATE outbox.tasks SET queued_at = %(now)s, not_before = %(now)s + greatest(0.0, not_before - queued_at)
 WHERE id = ANY (%(ids)s::bigint[]) AND status = 'queued' AND queued_at > %(now)s AND not_before > %(now)s
"""

# `make`: ids of new tasks.
_NEW_IDS = "SELECT nextval('outbox.message_ids') FROM generate_series(1, %s)"

# `gather`, `wait_no_longer`: when digests wait no longer.
_DUE = """
UPDATE outbox.tasks AS t SET not_before = sooner.due
  FROM json_to_recordset(%s::json) AS sooner (id bigint, due double precision) WHERE t.id = sooner.id
"""


@dataclass(slots=True)
class Gathered:
    """A digest that gathers."""

    id: int | None
    """None: it is to be made."""
    number: int
    due: float
    lane: int | None
    first: Waiting
    latest: float = 0.0
    """UTC seconds: all of its messages may be sent."""
    sooner: bool = False


def hold(
    db: Database, lanes: Lanes, ids: Sequence[int], recipients: Collection[tuple[str, str]] = ()
) -> tuple[list[int], LaneOf]:
    """Hold the lanes of tasks, and of all digests that a change of these may change; returns the lanes.

    `recipients`: hold the lanes of these channels and recipients, too.
    """
    ids, kinds, to = list(ids), set(), set(recipients)
    for task_id, digest, ordered, *common in db.all(_SCOPE, {"ids": ids}):
        ids += (task_id, digest)
        kinds.add(alike(*common))
        if ordered:
            to.add((common[2], common[3]))
    if kinds:
        ids += open_of(db, kinds)
    lanes.announce(channel for (channel,) in db.all(_CHANNELS, (ids,)))
    return lanes.hold_both(ids, to) if to else (lanes.hold_of(ids), {})


def open_of(db: Database, kinds: Iterable[str]) -> list[int]:
    """Return the digests that gather messages of these kinds."""
    return [row[1] for row in db.all(_OPEN, (list(kinds),))]


def wait_for_others(
    db: Database, ids: Sequence[int], batches: Iterable[Batch], held: Collection[int], lane_of: LaneOf
) -> list[int]:
    """Have new messages gathered; returns the lanes in which turns are to be found. See `gather`."""
    new = [
        {"id": id_, "wait": one.wait, "most": one.most, "ordered": int(one.ordered)}
        for id_, one in zip(ids, batches, strict=True)
    ]
    db.execute(_WAIT, (rows.many(new),))
    return gather(db, ids, held, lane_of)


def wait_as(db: Database, pairs: Sequence[Mapping[str, int]], held: Collection[int], lane_of: LaneOf) -> list[int]:
    """Have new rounds gathered as the ones before were, at once; returns the lanes in which turns are to be found."""
    if not db.execute(_WAIT_AS, (rows.many(pairs),)):
        return []
    return gather(db, [one["id"] for one in pairs], held, lane_of, at_once=True)


def leave(db: Database, ids: Sequence[int]) -> None:
    """Have these messages stand with no digest."""
    db.execute(_LEAVE, (list(ids),))


def gather(
    db: Database, ids: Sequence[int], held: Collection[int], lane_of: LaneOf, *, at_once: bool = False
) -> list[int]:
    """Put those of these tasks that wait to be gathered in digests; returns the lanes in which turns are to be found.

    `held`: lanes that are held, `lane_of` those of recipients; `at_once`: in such digests as wait no longer.
    """
    waiting = [Waiting._make(row) for row in db.all(_LOOSE, (list(ids),))]
    if not waiting:
        return []
    loose = [one.task_id for one in waiting]
    db.execute(_LEAVE, (loose,))
    db.execute(_FORGET, (loose,))
    if at_once:
        waiting = [one._replace(due=one.earliest) for one in waiting]
    waiting.sort(key=lambda one: one.alike)  # stable: of those that are alike, in the order of ids
    groups = [(kind, list(group)) for kind, group in groupby(waiting, key=lambda one: one.alike)]
    opened = {kind: found for kind, *found in db.all(_OPEN, ([kind for kind, _ in groups],))}
    gathering: list[tuple[Gathered, Sequence[Waiting]]] = []
    for kind, group in groups:
        first = group[0]
        lane = lane_of[first.channel, first.recipient] if first.ordered else None
        one: Gathered | None = None
        if (found := opened.get(kind)) is not None:
            id_, number, due, latest, its_lane = found
            if its_lane == lane if first.ordered else its_lane in held:
                one = Gathered(id_, number, due, its_lane, first, latest)
        at = 0
        while at < len(group):
            if one is None or one.number >= group[at].most:
                one = Gathered(None, 0, group[at].due, lane, group[at])
            some = group[at : at + group[at].most - one.number]
            at += len(some)
            one.number += len(some)
            one.latest = max(one.latest, *(each.earliest for each in some))
            due = one.latest if one.number >= some[0].most else min(each.due for each in some)
            if due < one.due:
                one.due, one.sooner = due, True
            gathering.append((one, some))
    make(db, [one for one, _ in gathering if one.id is None])
    joins = [
        {"id": each.task_id, "digest": one.id, "wait": each.wait, "most": each.most, "ordered": each.ordered}
        for one, some in gathering
        for each in some
    ]
    db.execute(_JOIN, (rows.many(joins),))
    sooner = {one.id: one.due for one, _ in gathering if one.sooner}
    db.execute(_DUE, (rows.many({"id": id_, "due": due} for id_, due in sooner.items()),))
    return list({one.lane for one, _ in gathering if one.lane is not None})


def wait_no_longer(db: Database, digest: int, due: float) -> None:
    """Have a digest due then, when its lane is free."""
    db.execute(_DUE, (rows.many([{"id": digest, "due": due}]),))


def mend(db: Database, lanes: Lanes, now: float) -> None:
    """Have digests gather no longer than they were meant to, where the clock was set back."""
    if found := db.all(_SINCE_THE_FUTURE, {"now": now}):
        ids = [id_ for id_, _ in found]
        lanes.announce({channel for _, channel in found})
        held = lanes.hold_of(ids)
        db.execute(_SINCE_NOW, {"now": now, "ids": ids})
        lanes.find_turns(held)


def make(db: Database, new: Sequence[Gathered]) -> None:
    """Make digests that gather, whose lanes are held, or are their own."""
    if not new:
        return
    now = db.now()
    for one, (id_,) in zip(new, db.all(_NEW_IDS, (len(new),)), strict=True):
        one.id = id_
        one.lane = -id_ if one.lane is None else one.lane
    made = [
        {
            "id": one.id,
            "lane": one.lane,
            "campaign": digests_of(one.first.campaign),
            "name": one.first.name,
            "channel": one.first.channel,
            "recipient": one.first.recipient,
            "task_type": one.first.task_type,
            "alike": one.first.alike,
            "options": one.first.options,
            "limit_key": one.first.limit_key,
            "now": now,
            "due": one.due,
        }
        for one in new
    ]
    db.execute(_NEW, (rows.many(made),))
