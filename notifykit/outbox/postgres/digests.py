"""Digests in the PostgreSQL outbox: what they hold is fixed, and goes where they go. See `gathering`, too."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from notifykit.model import Claim, Task
from notifykit.outbox import cells
from notifykit.outbox.digests import Membership, followed, next_of_kind
from notifykit.outbox.postgres import gathering, rates, rows
from notifykit.outbox.postgres.database import Database
from notifykit.outbox.postgres.lanes import Lanes
from notifykit.outbox.values import Finished
from notifykit.wording.host import DIGEST_EMPTY

# `fix`: the messages that wait in a digest and have not expired, and until when each waits.
_WAITING = """
SELECT t.id, t.not_before FROM outbox.digest_members JOIN outbox.tasks AS t ON t.id = task_id
 WHERE digest = %s AND stands = 1 AND status = 'queued'
   AND (expires_at IS NULL OR expires_at > %s OR doubted_at IS NOT NULL) ORDER BY t.id FOR UPDATE OF t
"""

# `fix`: those that wait no more were not in it, unless it was tried with them.
_LEFT_OUT = """
UPDATE outbox.digest_members SET digest = 0, stands = 0
 WHERE digest = %(digest)s AND stands = 1 AND NOT task_id = ANY (%(ids)s::bigint[])
"""

# `fix`: what did not fit goes in the next one.
_PUT_OVER = """
UPDATE outbox.digest_members SET digest = %(next)s WHERE digest = %(digest)s AND task_id = ANY (%(ids)s::bigint[])
"""

# `fix`: its lane, and the next one of its kind that was never tried.
_NEXT = """
SELECT its.lane, its.limit_key, (SELECT options FROM outbox.messages WHERE messages.id = its.id),
       next.id, next.not_before
  FROM outbox.digests JOIN outbox.tasks AS its ON its.id = digests.task_id
  LEFT JOIN LATERAL (
       SELECT t.id, t.not_before FROM outbox.digests AS other JOIN outbox.tasks AS t ON t.id = other.task_id
        WHERE other.alike = digests.alike AND other.task_id > digests.task_id AND other.members IS NULL
          AND t.status = 'queued'
          AND NOT EXISTS (SELECT 1 FROM outbox.attempts AS made WHERE made.task_id = t.id)
        ORDER BY t.id LIMIT 1) AS next ON true
 WHERE digests.task_id = %s
"""

# `fix`: so many are in it.
_FIX = "UPDATE outbox.digests SET members = %s WHERE task_id = %s"

# `fix`: this is what it says.
_TEXT = "UPDATE outbox.messages SET text = %s WHERE id = %s"

# `fix`: nothing is left in it.
_CLOSE = """
UPDATE outbox.tasks SET status = 'cancelled', not_before = 0, worker = NULL, lease = NULL, beat = NULL,
       reason = %(reason)s, reason_code = %(reason_code)s, reason_params = %(reason_params)s
 WHERE id = %(id)s
"""

# `follow`: what came of the call came of each message, and it goes where the digest goes. A second result settles the
# doubt.
_FOLLOW = """
WITH result AS (SELECT * FROM json_to_recordset(%s::json) AS result (
    digest bigint, standing text, first integer, tried integer, worker text, started_at double precision,
    now double precision, verdict text, code text, detail text, vendor_id text, undelivered text, status text,
    reason text, reason_code text, reason_params text, not_before double precision, sent_at double precision,
    doubted_at double precision)),
member AS (
    SELECT t.id, t.attempts + result.first AS number, t.channel, result.*
      FROM result JOIN outbox.digest_members AS its ON its.digest = result.digest AND its.stands = 1
      JOIN outbox.tasks AS t ON t.id = its.task_id AND t.status = result.standing ORDER BY t.id FOR UPDATE OF t),
moved AS (
    UPDATE outbox.tasks AS t
       SET status = member.status, reason = member.reason, reason_code = member.reason_code,
           reason_params = member.reason_params, not_before = member.not_before, attempts = member.number,
           tries = t.tries + member.tried, sent_at = member.sent_at,
           doubted_at = coalesce(t.doubted_at, member.doubted_at)
      FROM member WHERE t.id = member.id),
waiting AS (
    INSERT INTO outbox.uncounted (task_id, number) SELECT id, number FROM member WHERE first = 1)
INSERT INTO outbox.attempts (task_id, number, channel, worker, started_at, finished_at, verdict, code, detail,
                             vendor_id, undelivered)
SELECT id, number, channel, worker, started_at, now, verdict, code, detail, vendor_id, undelivered FROM member
ON CONFLICT (task_id, number) DO UPDATE
   SET finished_at = excluded.finished_at, verdict = excluded.verdict, code = excluded.code, detail = excluded.detail,
       vendor_id = excluded.vendor_id, undelivered = excluded.undelivered
"""

# `members`: the messages that stand where their digest stands; of one that gathers, those that may be sent now.
_MEMBERS = f"""
SELECT {rows.TASK} FROM {rows.TASKS} JOIN outbox.digest_members AS its ON its.task_id = t.id
  JOIN outbox.tasks AS whole ON whole.id = its.digest JOIN outbox.digests ON digests.task_id = its.digest
 WHERE its.digest = %(digest)s AND its.stands = 1
   AND t.status = CASE whole.status WHEN 'sending' THEN 'queued' ELSE whole.status END
   AND (members IS NOT NULL OR (t.not_before <= %(now)s AND (
        t.expires_at IS NULL OR t.expires_at > %(now)s OR t.doubted_at IS NOT NULL)))
 ORDER BY t.id
"""

# `memberships`, `of_decision`: messages in digests.
_MEMBERSHIP = """
SELECT its.digest, t.id, t.status, whole.status, members, its.stands
  FROM outbox.digest_members AS its JOIN outbox.digests ON digests.task_id = its.digest
  JOIN outbox.tasks AS t ON t.id = its.task_id JOIN outbox.tasks AS whole ON whole.id = its.digest"""

# `memberships`: of some messages, and in some digests.
_OF_THESE = f"""
{_MEMBERSHIP} WHERE its.task_id = ANY (%(ids)s::bigint[])
 UNION {_MEMBERSHIP} WHERE its.digest = ANY (%(ids)s::bigint[]) ORDER BY 1, 2
"""

# `memberships`: of all that are not sent yet.
_OF_ALL = f"{_MEMBERSHIP} WHERE its.stands = 1 AND whole.status IN ('queued', 'sending') ORDER BY 1, 2"

# `of_decision`: all that stand with the digests of some messages, and with some digests.
_OF_DECISION = f"""
{_MEMBERSHIP} WHERE its.stands = 1 AND (its.digest = ANY (%(ids)s::bigint[]) OR its.digest IN (
       SELECT digest FROM outbox.digest_members WHERE stands = 1 AND task_id = ANY (%(ids)s::bigint[]))) ORDER BY 1, 2
"""


def follow(db: Database, results: Iterable[Finished], again: Collection[int]) -> None:
    """Have the members of digests go where these went. `again`: those of whose attempt this is the second result."""
    now = db.now()
    db.execute(_FOLLOW, (rows.many(_followed(one, now, first=one.claim.task.id not in again) for one in results),))


def _followed(result: Finished, now: float, *, first: bool) -> dict[str, object]:
    values = followed(result, now, first=first)
    return {name: rows.clean(value) if isinstance(value, str) else value for name, value in values.items()}


def of_decision(db: Database, ids: Collection[int]) -> list[Membership]:
    """Return what stands with the digests that a decision is about."""
    return [Membership._make(row) for row in db.all(_OF_DECISION, {"ids": list(ids)})]


class Digesting:
    """Methods of the outbox for digests."""

    db: Database
    lanes: Lanes

    def members(self, digest: int) -> list[Task]:
        """Return the messages of a digest that go where it goes."""
        return [rows.task(row) for row in self.db.all(_MEMBERS, {"digest": digest, "now": self.db.now()})]

    def memberships(self, ids: Collection[int] | None = None) -> list[Membership]:
        """Return which messages are in which digests."""
        found = self.db.all(_OF_ALL) if ids is None else self.db.all(_OF_THESE, {"ids": list(ids)})
        return [Membership._make(row) for row in found]

    def fix(self, claim: Claim, ids: Sequence[int], text: str) -> Claim | None:
        """Fix what a claimed digest holds."""
        db, digest = self.db, claim.task.id
        with db.transaction():
            held = self.lanes.hold_of([digest])
            waiting = dict(db.all(_WAITING, (digest, db.now())))
            db.execute(_LEFT_OUT, {"digest": digest, "ids": list(waiting)})
            if rest := {id_: due for id_, due in waiting.items() if id_ not in set(ids)}:
                self._put_over(claim.task, list(rest), min(rest.values()))
            db.execute(_FIX, (len(ids), digest))
            if ids:
                db.execute(_TEXT, (text, digest))
                return replace(claim, task=replace(claim.task, text=text))
            db.execute(_CLOSE, {"id": digest, **cells.reason_values(DIGEST_EMPTY())})
            rates.not_started(db, [claim])
            db.handed.end([claim])
            self.lanes.announce([claim.task.channel])
            self.lanes.find_turns(held)
            return None

    def _put_over(self, digest: Task, rest: Sequence[int], due: float) -> None:
        """Have messages go in the next digest of their kind, in the same lane, which waits no longer than until `due`.

        One without an order gets a new one.
        """
        db = self.db
        lane, limit_key, options, following, its_due = db.one(_NEXT, (digest.id,))
        if following is None or lane < 0:
            like = next_of_kind(digest, due, options, limit_key)
            new = gathering.Gathered(None, 0, due, lane if lane > 0 else None, like)
            gathering.make(db, [new])
            assert new.id is not None and new.lane is not None  # noqa: S101, PT018 - it was made
            following = new.id
            self.lanes.announce([digest.channel])
            self.lanes.find_turns([new.lane])
        else:
            due = min(due, its_due)
        db.execute(_PUT_OVER, {"next": following, "digest": digest.id, "ids": list(rest)})
        gathering.wait_no_longer(db, following, due)
