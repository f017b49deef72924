"""What came of attempts: many results are recorded by a few statements, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from notifykit.model import Status, Verdict
from notifykit.outbox import cells
from notifykit.outbox.digests import is_digest
from notifykit.outbox.postgres import events, rates, rows
from notifykit.outbox.postgres.database import Database
from notifykit.outbox.postgres.digests import follow
from notifykit.outbox.postgres.lanes import Lanes
from notifykit.outbox.values import Event, Finished

# `record`: how the tasks stand to which results come, and what is recorded of the same attempts already.
_STANDING = """
SELECT t.id, t.attempts, t.status, result.number, known.worker, known.verdict
  FROM json_to_recordset(%s::json) AS result (id bigint, number integer)
  JOIN outbox.tasks AS t ON t.id = result.id
  LEFT JOIN outbox.attempts AS known ON known.task_id = result.id AND known.number = result.number
 ORDER BY t.id FOR UPDATE OF t
"""

# `move`: tasks go to where their outcomes send them, what came of the attempts is kept, and that they are in no total
# yet. A second result of an
# attempt is the late one that settles its doubt.
_MOVE = """
WITH result AS (SELECT * FROM json_to_recordset(%s::json) AS result (
    id bigint, number integer, channel text, worker text, started_at double precision, now double precision,
    verdict text, code text, detail text, vendor_id text, undelivered text, call_seconds double precision,
    status text, reason text, reason_code text, reason_params text, not_before double precision, first boolean,
    hold_until double precision, uncounted integer, sent_at double precision, doubted_at double precision)),
moved AS (
    UPDATE outbox.tasks AS t
       SET status = result.status, reason = result.reason, reason_code = result.reason_code,
           reason_params = result.reason_params, not_before = result.not_before, worker = NULL, lease = NULL,
           beat = NULL, hold_until = coalesce(t.hold_until, result.hold_until), tries = t.tries - result.uncounted,
           sent_at = result.sent_at, doubted_at = coalesce(t.doubted_at, result.doubted_at)
      FROM result WHERE t.id = result.id),
waiting AS (
    INSERT INTO outbox.uncounted (task_id, number) SELECT id, number FROM result WHERE first)
INSERT INTO outbox.attempts (task_id, number, channel, worker, started_at, finished_at, verdict, code, detail,
                             vendor_id, undelivered, call_seconds)
SELECT id, number, channel, worker, started_at, now, verdict, code, detail, vendor_id, undelivered, call_seconds
  FROM result
ON CONFLICT (task_id, number) DO UPDATE
   SET finished_at = excluded.finished_at, verdict = excluded.verdict, code = excluded.code, detail = excluded.detail,
       vendor_id = excluded.vendor_id, undelivered = excluded.undelivered, call_seconds = excluded.call_seconds
"""

# `_keep_late`: keep what came of attempts that do not move their tasks any more.
_LATE = """
UPDATE outbox.attempts AS known
   SET finished_at = late.now, verdict = late.verdict, code = late.code, detail = late.detail,
       vendor_id = late.vendor_id, undelivered = late.undelivered, call_seconds = late.call_seconds
  FROM json_to_recordset(%s::json) AS late (
       id bigint, number integer, now double precision, verdict text, code text, detail text, vendor_id text,
       undelivered text, call_seconds double precision)
 WHERE known.task_id = late.id AND known.number = late.number
"""


def record(db: Database, lanes: Lanes, results: Sequence[Finished]) -> tuple[bool, ...]:
    """Record results, and move the tasks of those whose claim is still the latest; returns which moved theirs."""
    lanes.announce(result.claim.task.channel for result in results)
    holding = lanes.holding(result.claim.task.id for result in results)
    asked = rows.many({"id": result.claim.task.id, "number": result.claim.token} for result in results)
    found = db.all(_STANDING, (asked,))
    held = [id_ for (id_,) in holding.fetchall()]
    standing = {id_: (attempts, status) for id_, attempts, status, *_ in found}
    known = {(id_, number): (worker, verdict) for id_, _, _, number, worker, verdict in found}
    moving: list[Finished] = []
    late: list[Finished] = []
    again: set[int] = set()
    told: list[bool] = []
    for result in results:
        claim = result.claim
        id_, token = claim.task.id, claim.token
        attempts, status = standing.get(id_, (None, None))
        if attempts == token and status in (Status.SENDING, Status.IN_DOUBT):
            moving.append(result)
            if status == Status.IN_DOUBT:
                again.add(id_)
            standing[id_] = (attempts, result.then.status)
        elif (attempts, status) != (token, result.then.status) or known[id_, token] != (
            claim.worker,
            result.outcome.verdict,
        ):
            late.append(result)
            told.append(False)
            continue
        told.append(True)
    move(db, lanes, moving, held, again)
    _keep_late(db, late)
    db.handed.end(result.claim for result in results)
    return tuple(told)


def move(
    db: Database,
    lanes: Lanes,
    results: Sequence[Finished],
    held: Sequence[int],
    again: Collection[int] = (),
) -> None:
    """Record results that move their tasks, and find whose turn it is in their lanes, which are `held`.

    `again`: the tasks of whose attempt this is the second result, which settles its doubt.
    """
    if not results:
        return
    now = db.now()
    db.send(_MOVE, (rows.many(_moved(result, now, again) for result in results),))
    if digests := [one for one in results if is_digest(one.claim.task.campaign)]:
        follow(db, digests, again)
    claims = [result.claim for result in results]
    if limited := [one for one in claims if one.counted is None or one.counted]:
        rates.ended(db, limited, now)
    lanes.find_turns(held)


def _moved(result: Finished, now: float, again: Collection[int]) -> dict[str, object]:
    claim, then = result.claim, result.then
    return {
        **_said(result, now),
        **{name: rows.clean(text) for name, text in cells.reason_values(then.reason).items()},
        "channel": claim.task.channel,
        "worker": claim.worker,
        "started_at": claim.started_at,
        "status": then.status.value,
        "not_before": then.not_before or 0.0,
        "first": claim.task.id not in again,
        "hold_until": then.hold_order_until,
        "uncounted": int(not then.counts),
        "sent_at": now if then.status is Status.SENT else None,
        "doubted_at": claim.started_at if result.outcome.verdict is Verdict.UNKNOWN else None,
    }


def _said(result: Finished, now: float) -> dict[str, object]:
    outcome = result.outcome
    return {
        "id": result.claim.task.id,
        "number": result.claim.token,
        "now": now,
        "verdict": outcome.verdict.value,
        "code": rows.clean(outcome.code) or None,
        "detail": rows.clean(outcome.detail) or None,
        "vendor_id": rows.clean(outcome.vendor_id),
        "undelivered": rows.clean(cells.undelivered_cell(outcome.undelivered)),
        "call_seconds": result.call_seconds,
    }


def _keep_late(db: Database, results: Sequence[Finished]) -> None:
    if not results:
        return
    now = db.now()
    db.execute(_LATE, (rows.many(_said(result, now) for result in results),))
    events.record(
        db,
        [
            Event(
                at=now,
                task_id=result.claim.task.id,
                kind="late_result",
                who="dispatch",
                detail=f"{result.outcome.verdict.value} {result.outcome.code}".strip(),
            )
            for result in results
        ],
    )
