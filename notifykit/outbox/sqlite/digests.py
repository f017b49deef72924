"""Digests in the SQLite outbox: messages are gathered, fixed, and go where their digest goes."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from notifykit.model import Batch, Claim, Draft, Task
from notifykit.outbox import cells
from notifykit.outbox.digests import Membership, Waiting, digests_of, followed, next_of_kind
from notifykit.outbox.sqlite import channel_times, lanes, rates, rows
from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.sqlite.inserting import has_triggers
from notifykit.outbox.values import Finished
from notifykit.wording.host import DIGEST_EMPTY

_THESE = "(SELECT value FROM json_each(:ids))"

# `wait_as`: a message is gathered as its round before was.
_WAIT_AS = """
INSERT INTO digest_members (task_id, digest, stands, wait, most, ordered)
SELECT new.id, 0, 0, wait, most, kept.ordered
  FROM tasks AS new JOIN tasks AS old ON old.campaign = new.campaign AND old.record_key = new.record_key
   AND old.message_name = new.message_name AND old.round = new.round - 1
   AND coalesce(old.period, '') = coalesce(new.period, '')
  JOIN digest_members AS kept ON kept.task_id = old.id
 WHERE new.id = ? ORDER BY kept.digest DESC LIMIT 1
"""

# `gather`: those of some tasks that are to be in a digest, and are in none that gathers or is under way.
_LOOSE = f"""
SELECT tasks.id, campaign, message_name, channel, recipient, task_type, max(queued_at, not_before) + wait,
       not_before, most, wait, kept.ordered, options, limit_key
  FROM tasks JOIN digest_members AS kept ON kept.task_id = tasks.id
   AND kept.digest = (SELECT max(digest) FROM digest_members WHERE task_id = tasks.id)
 WHERE tasks.id IN {_THESE} AND status = 'queued' AND campaign IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM digest_members AS its JOIN tasks AS whole ON whole.id = its.digest
                    WHERE its.task_id = tasks.id AND its.stands = 1 AND whole.status IN ('queued', 'sending'))
 ORDER BY tasks.id
"""

# `gather`, `leave`: they stand with no digest.
_LEAVE = f"UPDATE digest_members SET stands = 0 WHERE task_id IN {_THESE}"

# `gather`: nothing is left of where they only waited.
_FORGET = f"""
DELETE FROM digest_members WHERE task_id IN {_THESE}
   AND (digest = 0 OR digest IN (SELECT task_id FROM digests WHERE members IS NULL))
"""

# `_fill`: the last digest of its kind that gathers and was never tried, with how many it has, and when it is due.
_OPEN = """
SELECT task_id, (SELECT count(*) FROM digest_members WHERE digest = digests.task_id AND stands = 1),
       (SELECT not_before FROM tasks WHERE id = digests.task_id)
  FROM digests WHERE alike = ? AND members IS NULL AND (SELECT status FROM tasks WHERE id = task_id) = 'queued'
   AND NOT EXISTS (SELECT 1 FROM attempts WHERE attempts.task_id = digests.task_id)
 ORDER BY task_id DESC LIMIT 1
"""

# `_fill`: messages stand with it.
_JOIN = """
INSERT INTO digest_members (task_id, digest, stands, wait, most, ordered) VALUES (?, ?, 1, ?, ?, ?)
ON CONFLICT DO UPDATE SET stands = 1
"""

# `_fill`: when all messages of a digest may be sent.
_ALL_DUE = """
SELECT max(not_before) FROM digest_members JOIN tasks ON tasks.id = task_id WHERE digest = ? AND stands = 1
"""

# `_opened`: a digest that gathers. Its key comes with its id.
_NEW = """
INSERT INTO tasks (task_type, recipient, message, status, created_at, updated_at, metadata, campaign, record_key,
                   message_name, round, channel, ordered, attempts, tries, queued_at, not_before, options,
                   limit_key)
VALUES (?, ?, '', 'queued', ?, ?, '{}', ?, '', ?, 1, ?, ?, 0, 0, ?, ?, ?, ?)
"""

# `_opened`: its key.
_KEY = "UPDATE tasks SET record_key = 'digest-' || id WHERE id = ?"

# `_opened`: which messages it gathers.
_GATHERS = "INSERT INTO digests (task_id, alike) VALUES (?, ?)"

# `_due`: when it waits no longer.
_DUE = """
UPDATE tasks SET not_before = :at, due_at = CASE WHEN due_at IS NULL THEN NULL ELSE :at END WHERE id = :id
"""

# `mend`: digests that gather since before the clock was set back, and how long they were to do so. One that is due
# already is left as it is.
_SINCE_THE_FUTURE = """
SELECT tasks.id, channel, recipient, ordered, max(0.0, not_before - queued_at)
  FROM digests JOIN tasks ON tasks.id = task_id
 WHERE members IS NULL AND status = 'queued' AND queued_at > :now AND not_before > :now
"""

# `mend`: such a one gathers since now.
_SINCE_NOW = "UPDATE tasks SET queued_at = ? WHERE id = ?"

# `take_along`: what waits in a digest that waits no more goes where that is.
_TAKE_ALONG = """
UPDATE tasks SET updated_at = :local, (status, reason, reason_code, reason_params) = (
       SELECT status, reason, reason_code, reason_params FROM tasks AS whole WHERE whole.id = :digest)
 WHERE status = 'queued' AND id IN (SELECT task_id FROM digest_members WHERE digest = :digest AND stands = 1)
"""

# `fix`: the messages of a digest, until when each waits, and whether it does and has not expired.
_WAITING = """
SELECT tasks.id, not_before,
       status = 'queued' AND (expires_at IS NULL OR expires_at > ? OR doubted_at IS NOT NULL)
  FROM digest_members JOIN tasks ON tasks.id = task_id WHERE digest = ? AND stands = 1 ORDER BY tasks.id
"""

# `fix`: those that wait no more were not in it, unless it was tried with them.
_LEFT_OUT = f"""
UPDATE digest_members SET digest = 0, stands = 0 WHERE digest = :digest AND stands = 1 AND task_id NOT IN {_THESE}
"""

# `fix`: what did not fit goes in the next one.
_PUT_OVER = f"UPDATE digest_members SET digest = :next WHERE digest = :digest AND task_id IN {_THESE}"

# `fix`: the next one of its kind that was never tried.
_NEXT = """
SELECT other.task_id, (SELECT not_before FROM tasks WHERE id = other.task_id)
  FROM digests JOIN digests AS other ON other.alike = digests.alike
 WHERE digests.task_id = ? AND other.task_id > digests.task_id AND other.members IS NULL
   AND (SELECT status FROM tasks WHERE id = other.task_id) = 'queued'
   AND NOT EXISTS (SELECT 1 FROM attempts WHERE attempts.task_id = other.task_id)
 ORDER BY 1 LIMIT 1
"""

# `fix`: of which kind it is, to open the next one.
_KIND = "SELECT alike, options, limit_key FROM digests JOIN tasks ON id = task_id WHERE task_id = ?"

# `fix`: so many are in it.
_FIX = "UPDATE digests SET members = ? WHERE task_id = ?"

# `fix`: this is what they say.
_TEXT = "UPDATE tasks SET message = ? WHERE id = ?"

# `fix`: nothing is left in it.
_CLOSE = """
UPDATE tasks SET status = 'cancelled', updated_at = :local, not_before = 0.0, worker = NULL, lease = NULL, beat = NULL,
                 reason = :reason, reason_code = :reason_code, reason_params = :reason_params
 WHERE id = :id
"""

_FOLLOWING = """id IN (SELECT task_id FROM digest_members WHERE digest = :digest AND stands = 1)
   AND status = :standing"""

# `follow`: what came of the call came of each message. A second result settles the doubt.
_OUTCOMES = f"""
INSERT INTO attempts (task_id, number, channel, worker, started_at, finished_at, verdict, code, detail, vendor_id,
                      undelivered)
SELECT id, coalesce(attempts, 0) + :first, channel, :worker, :started_at, :now, :verdict, :code, :detail, :vendor_id,
       :undelivered
  FROM tasks WHERE {_FOLLOWING}
ON CONFLICT DO UPDATE SET finished_at = excluded.finished_at, verdict = excluded.verdict, code = excluded.code,
  detail = excluded.detail, vendor_id = excluded.vendor_id, undelivered = excluded.undelivered
"""

# `follow`: these attempts are in no total yet. What ends the transaction: see `inserting._statement`.
_UNCOUNTED = f"""
INSERT OR ROLLBACK INTO uncounted (task_id, number) SELECT id, coalesce(attempts, 0) + 1 FROM tasks WHERE {_FOLLOWING}
"""

# `follow`: each goes where the digest goes. Likewise.
_FOLLOW = f"""
UPDATE {{or_rollback}}tasks SET status = :status, updated_at = :local, reason = :reason, reason_code = :reason_code,
                 reason_params = :reason_params, not_before = :not_before, attempts = coalesce(attempts, 0) + :first,
                 tries = tries + :tried, sent_at = :sent_at, doubted_at = coalesce(doubted_at, :doubted_at)
 WHERE {_FOLLOWING}
"""

# `members`: the messages that stand where their digest stands; of one that gathers, those that may be sent now.
_MEMBERS = f"""
SELECT {rows.selected(rows.TASK_COLUMNS)} FROM tasks
 WHERE id IN (SELECT task_id FROM digest_members WHERE digest = :digest AND stands = 1)
   AND status = (SELECT CASE whole.status WHEN 'sending' THEN 'queued' ELSE whole.status END
                   FROM tasks AS whole WHERE whole.id = :digest)
   AND ((SELECT members FROM digests WHERE task_id = :digest) IS NOT NULL OR (
        not_before <= :now AND (expires_at IS NULL OR expires_at > :now OR doubted_at IS NOT NULL)))
 ORDER BY id
"""

# `memberships`, `of_decision`: messages in digests.
_MEMBERSHIP = """
SELECT digest, tasks.id, tasks.status, whole.status, members, stands
  FROM digest_members JOIN digests ON digests.task_id = digest JOIN tasks ON tasks.id = digest_members.task_id
  JOIN tasks AS whole ON whole.id = digest"""

# `memberships`: of some messages, and in some digests.
_OF_THESE = f"""
{_MEMBERSHIP} WHERE digest_members.task_id IN {_THESE}
 UNION {_MEMBERSHIP} WHERE digest IN {_THESE} ORDER BY 1, 2
"""

# `memberships`: of all that are not sent yet.
_OF_ALL = f"{_MEMBERSHIP} WHERE stands = 1 AND whole.status IN ('queued', 'sending') ORDER BY 1, 2"

# `of_decision`: all that stand with the digests of some messages, and with some digests.
_OF_DECISION = f"""
{_MEMBERSHIP} WHERE stands = 1 AND (digest IN {_THESE} OR digest IN (
       SELECT digest FROM digest_members WHERE stands = 1 AND task_id IN {_THESE})) ORDER BY 1, 2
"""

# `of_decision`: whether any message ever was to be gathered.
_ANY = "SELECT EXISTS (SELECT 1 FROM digest_members)"


def wait_for_others(db: Database, ids: Sequence[int], drafts: Iterable[Draft], now: float) -> None:
    """Have new messages gathered that were queued now, each of a draft with a batch."""
    _put_in(db, [_waiting(id_, draft, draft.batch, now) for id_, draft in zip(ids, drafts, strict=True) if draft.batch])


def _waiting(id_: int, draft: Draft, batch: Batch, now: float) -> Waiting:
    return Waiting(
        task_id=id_,
        campaign=draft.campaign,
        name=draft.name,
        channel=draft.channel,
        recipient=draft.recipient,
        task_type=draft.task_type,
        due=max(now, draft.not_before) + batch.wait,
        earliest=draft.not_before,
        most=batch.most,
        wait=batch.wait,
        ordered=int(batch.ordered),
        options=cells.encode_options(draft.options),
        limit_key=draft.limit_key,
    )


def wait_as(db: Database, new: int) -> bool:
    """Have a new round gathered as the one before was, at once; False where that one was sent alone."""
    if not db.execute(_WAIT_AS, (new,)).rowcount:
        return False
    gather(db, [new], at_once=True)
    return True


def leave(db: Database, ids: Sequence[int]) -> None:
    """Have these messages stand with no digest."""
    db.execute(_LEAVE, {"ids": json.dumps(ids)})


def gather(db: Database, ids: Sequence[int], *, at_once: bool = False) -> None:
    """Put those of these tasks that wait to be gathered in digests; `at_once`: in such as wait no longer."""
    which = {"ids": json.dumps(ids)}
    waiting = [Waiting._make(row) for row in db.all(_LOOSE, which)]
    if not waiting:
        return
    loose = {"ids": json.dumps([one.task_id for one in waiting])}
    db.execute(_LEAVE, loose)
    db.execute(_FORGET, loose)
    if at_once:
        waiting = [one._replace(due=one.earliest) for one in waiting]
    _put_in(db, waiting)


def _put_in(db: Database, waiting: Iterable[Waiting]) -> None:
    """Put messages that are in no digest in such, in the order in which they come."""
    kinds: dict[str, list[Waiting]] = defaultdict(list)
    for one in waiting:
        kinds[one.alike].append(one)
    for alike in sorted(kinds):
        _fill(db, alike, kinds[alike])


def _fill(db: Database, alike: str, waiting: Sequence[Waiting]) -> None:
    """Put messages that are alike into the digest that gathers such ones, and what it has no place for in others."""
    digest, number, due = db.one(_OPEN, (alike,)) or (None, 0, 0.0)
    at = 0
    while at < len(waiting):
        first = waiting[at]
        if digest is None or number >= first.most:
            digest, number, due = _opened(db, alike, first), 0, first.due
        some = waiting[at : at + first.most - number]
        db.executemany(_JOIN, [(one.task_id, digest, one.wait, one.most, one.ordered) for one in some])
        at += len(some)
        number += len(some)
        sooner = db.one(_ALL_DUE, (digest,))[0] if number >= first.most else min(one.due for one in some)
        if sooner < due:
            due = sooner
            _due(db, digest, first, due)


def _opened(db: Database, alike: str, first: Waiting) -> int:
    now = db.clock.now()
    local = db.local_time(now)
    of = (digests_of(first.campaign), first.name, first.channel, first.ordered, now, first.due)
    more = (first.options, first.limit_key)
    made = db.execute(_NEW, (first.task_type, first.recipient, local, local, *of, *more)).lastrowid
    assert made is not None  # noqa: S101
    db.execute(_KEY, (made,))
    db.execute(_GATHERS, (made, alike))
    lanes.place_new(db, made - 1)
    return made


def _due(db: Database, digest: int, like: Waiting | Task, at: float) -> None:
    """Have a digest wait no longer than until then."""
    _wait_until(db, digest, like.channel, like.recipient if like.ordered else None, at)


def _wait_until(db: Database, digest: int, channel: str, recipient: str | None, at: float) -> None:
    """Do so; `recipient`: whose order it keeps."""
    db.execute(_DUE, {"id": digest, "at": at})
    channel_times.lower(db, [(channel, at, digest)])
    if recipient is not None:
        lanes.advance(db, [(channel, recipient)])
    else:
        lanes.place_unordered(db, [digest])


def mend(db: Database, now: float) -> None:
    """Have digests gather no longer than they were meant to, where the clock was set back."""
    for id_, channel, recipient, ordered, delay in db.all(_SINCE_THE_FUTURE, {"now": now}):
        db.execute(_SINCE_NOW, (now, id_))
        _wait_until(db, id_, channel, recipient if ordered else None, now + delay)


def take_along(db: Database, digest: int, now: float) -> None:
    """Have the messages of a digest go where it was put aside."""
    db.execute(_TAKE_ALONG, {"digest": digest, "local": db.local_time(now)})


def follow(db: Database, results: Iterable[Finished], now: float, *, first: bool) -> None:
    """Have the members of digests go where these went. `first`: by the first result of the attempt."""
    go = _FOLLOW.format(or_rollback="" if has_triggers(db) else "OR ROLLBACK ")
    for result in results:
        values = {**followed(result, now, first=first), "local": db.local_time(now)}
        for statement in (_OUTCOMES, *([_UNCOUNTED] if first else ()), go):
            db.execute(statement, values)


def of_decision(db: Database, ids: Collection[int]) -> list[Membership]:
    """Return what stands with the digests that a decision is about."""
    if not db.one(_ANY)[0]:
        return []
    return [Membership._make(row) for row in db.all(_OF_DECISION, {"ids": json.dumps(list(ids))})]


def members(db: Database, digest: int) -> list[Task]:
    """Return the messages of a digest that stand where it stands."""
    return [rows.task(row) for row in db.all(_MEMBERS, {"digest": digest, "now": db.clock.now()})]


def memberships(db: Database, ids: Collection[int] | None) -> list[Membership]:
    """Return which messages are in which digests: of these messages and digests, or of all that are not sent."""
    if ids is None:
        return [Membership._make(row) for row in db.all(_OF_ALL)]
    return [Membership._make(row) for row in db.all(_OF_THESE, {"ids": json.dumps(list(ids))})]


def fix(db: Database, claim: Claim, ids: Sequence[int], text: str) -> Claim | None:
    """Fix what a claimed digest holds."""
    digest = claim.task.id
    with db.transaction():
        now = db.clock.now()
        found = db.all(_WAITING, (now, digest))
        waiting = {id_: due for id_, due, waits in found if waits}
        fixed = set(ids)
        rest = {id_: due for id_, due in waiting.items() if id_ not in fixed}
        if len(waiting) < len(found):
            db.execute(_LEFT_OUT, {"digest": digest, "ids": json.dumps(list(waiting))})
        if rest:
            _put_over(db, claim.task, list(rest), min(rest.values()))
        db.execute(_FIX, (len(ids), digest))
        if ids:
            db.execute(_TEXT, (text, digest))
            return replace(claim, task=replace(claim.task, text=text))
        db.execute(_CLOSE, {"id": digest, "local": db.local_time(now), **cells.reason_values(DIGEST_EMPTY())})
        rates.not_started(db, claim)
        lanes.find_turn(db, claim.task, queued=False)
        return None


def _put_over(db: Database, digest: Task, rest: Sequence[int], due: float) -> None:
    """Have messages go in the next digest of their kind, which waits no longer than until `due`."""
    if (found := db.one(_NEXT, (digest.id,))) is not None:
        following, due = int(found[0]), min(due, found[1])
    else:
        alike, options, limit_key = db.one(_KIND, (digest.id,))
        following = _opened(db, alike, next_of_kind(digest, due, options, limit_key))
    db.execute(_PUT_OVER, {"next": following, "digest": digest.id, "ids": json.dumps(rest)})
    _due(db, following, digest, due)
