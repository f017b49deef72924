"""What came of attempts: many results are recorded by a few statements, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence

from notifykit.model import Status, Verdict
from notifykit.outbox import cells
from notifykit.outbox.sqlite import events, lanes, rates
from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.values import DIGESTS, Finished

AT_ONCE = 500
"""Ids in one statement: SQLite takes so many parameters, and not any number."""

# `_others`: how the tasks stand to which results come.
_STANDING = "SELECT id, attempts, status FROM tasks WHERE id IN ({})"

# `move`: a task goes to where its outcome sends it, if its claim is still the latest.
_MOVE = """
UPDATE tasks SET status = ?, updated_at = ?, reason = ?, reason_code = ?, reason_params = ?, not_before = ?,
                 worker = NULL, lease = NULL, beat = NULL, hold_until = coalesce(hold_until, ?), tries = tries - ?,
                 sent_at = ?, doubted_at = coalesce(doubted_at, ?)
 WHERE id = ? AND attempts = ? AND status = ?
"""

# `move`: likewise, of a task that was sent, as nearly all are: what stays as it is is not written. A quarter quicker.
_SENT = """
UPDATE tasks SET status = 'sent', updated_at = ?, reason = NULL, reason_code = NULL, reason_params = NULL,
                 not_before = 0.0, worker = NULL, lease = NULL, beat = NULL, sent_at = ?
 WHERE id = ? AND attempts = ? AND status = 'sending'
"""

# `move`: keep what came of an attempt that moves its task. Its second result is the late one that settles its doubt.
_OUTCOME = """
INSERT INTO attempts (task_id, number, channel, worker, started_at, finished_at, verdict, code, detail, vendor_id,
                      undelivered, call_seconds)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET finished_at = excluded.finished_at, verdict = excluded.verdict, code = excluded.code,
  detail = excluded.detail, vendor_id = excluded.vendor_id, undelivered = excluded.undelivered,
  call_seconds = excluded.call_seconds
"""

# `move`: an attempt that has just finished is in no total yet.
_UNCOUNTED = "INSERT INTO uncounted (task_id, number) VALUES (?, ?)"

# `_keep_late`: keep what came of an attempt that does not move its task any more.
_LATE = """
UPDATE attempts SET finished_at = ?, verdict = ?, code = ?, detail = ?, vendor_id = ?, undelivered = ?,
                    call_seconds = ?
 WHERE task_id = ? AND number = ?
"""

# `_is_repeated`: the result of an attempt that is there already.
_REPEATED = "SELECT 1 FROM attempts WHERE task_id = ? AND number = ? AND worker = ? AND verdict = ?"


_NO_REASON = (None, None, None)


def record(db: Database, results: Sequence[Finished]) -> tuple[bool, ...]:
    """Record results, and move the tasks of those whose claim is still the latest; returns which moved theirs."""
    told = move(db, results)
    if not all(told):
        others = [at for at, moved in enumerate(told) if not moved]
        for at, moved in zip(others, _others(db, [results[at] for at in others]), strict=True):
            told[at] = moved
    return tuple(told)


def _others(db: Database, results: Sequence[Finished]) -> list[bool]:
    """Record results whose tasks were not being sent any more under their claims."""
    ids = [result.claim.task.id for result in results]
    parts = [ids[at : at + AT_ONCE] for at in range(0, len(ids), AT_ONCE)]
    found = [row for part in parts for row in db.all(_STANDING.format(", ".join("?" * len(part))), part)]
    standing = {id_: (attempts, status) for id_, attempts, status in found}
    told: list[bool] = []
    for result in results:
        id_, token = result.claim.task.id, result.claim.token
        attempts, status = standing.get(id_, (None, None))
        latest = attempts == token
        if latest and status == Status.IN_DOUBT:
            told += move(db, [result], free=False)
            standing[id_] = (attempts, result.then.status)
        elif latest and status == result.then.status and _is_repeated(db, result):
            told.append(True)
        else:
            _keep_late(db, result)
            told.append(False)
    return told


def move(db: Database, results: Sequence[Finished], *, free: bool = True) -> list[bool]:
    """Record those of the results whose claims hold, move their tasks, and find whose turn it is; returns which did.

    `free`: the tasks are `sending`, so that their lanes are off the wire now. Otherwise they are in doubt, and
    this is a second result of an attempt: that is counted once.
    """
    now = db.clock.now()
    local = db.local_time(now)
    if free and all(map(_is_plain, results)):
        told = db.each_changes(_SENT, [(local, now, one.claim.task.id, one.claim.token) for one in results])
    else:
        status = "sending" if free else "in_doubt"
        told = db.each_changes(_MOVE, [_moved(result, now, local, status) for result in results])
    moved = results if all(told) else [result for result, did in zip(results, told, strict=True) if did]
    if not moved:
        return told
    db.executemany(_OUTCOME, [_attempt(result, now) for result in moved])
    claims = [result.claim for result in moved]
    if free:
        db.executemany(_UNCOUNTED, [(claim.task.id, claim.token) for claim in claims])
    if limited := [one for one in claims if one.counted is None or one.counted]:
        rates.ended(db, limited, now)
    lanes.advance(db, {(claim.task.channel, claim.task.recipient) for claim in claims if claim.task.ordered}, free=free)
    lanes.place_unordered(
        db,
        [
            result.claim.task.id
            for result in moved
            if result.then.status is Status.QUEUED and not result.claim.task.ordered
        ],
    )
    if digests := [one for one in moved if one.claim.task.campaign.startswith(DIGESTS)]:
        from notifykit.outbox.sqlite.digests import follow  # seldom needed

        follow(db, digests, now, first=free)
    return told


def _is_plain(result: Finished) -> bool:
    """Whether a task is sent, and nothing more is to be said of it."""
    then = result.then
    if then.status is not Status.SENT or result.outcome.verdict is Verdict.UNKNOWN:
        return False
    return then.reason is None and not then.not_before and then.hold_order_until is None and then.counts


def _moved(result: Finished, now: float, local: str, status: str) -> tuple[object, ...]:
    then = result.then
    why = _NO_REASON if then.reason is None else cells.reason_values(then.reason).values()
    return (
        then.status.value,
        local,
        *why,
        then.not_before or 0.0,
        then.hold_order_until,
        0 if then.counts else 1,
        now if then.status is Status.SENT else None,
        result.claim.started_at if result.outcome.verdict is Verdict.UNKNOWN else None,
        result.claim.task.id,
        result.claim.token,
        status,
    )


def _attempt(result: Finished, now: float) -> tuple[object, ...]:
    claim = result.claim
    return (claim.task.id, claim.token, claim.task.channel, claim.worker, claim.started_at, *_said(result, now))


def _said(result: Finished, now: float) -> tuple[object, ...]:
    outcome = result.outcome
    left_out = cells.undelivered_cell(outcome.undelivered)
    said = (outcome.code or None, outcome.detail or None, outcome.vendor_id, left_out)
    return (now, outcome.verdict.value, *said, result.call_seconds)


def _keep_late(db: Database, result: Finished) -> None:
    task, outcome = result.claim.task, result.outcome
    db.execute(_LATE, (*_said(result, db.clock.now()), task.id, result.claim.token))
    events.record(db, task.id, "late_result", "dispatch", f"{outcome.verdict.value} {outcome.code}".strip())


def _is_repeated(db: Database, result: Finished) -> bool:
    """Whether this very result was recorded, and its worker could not know."""
    claim = result.claim
    values = (claim.task.id, claim.token, claim.worker, result.outcome.verdict.value)
    return db.one(_REPEATED, values) is not None
