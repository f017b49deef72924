"""Claims that go on, are given back, or are lost with their worker or with the connection."""

from __future__ import annotations

import logging
import platform
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from notifykit.errors import StoreError
from notifykit.model import Claim, Outcome
from notifykit.outbox.postgres import advisory, rates, recording, rows
from notifykit.outbox.postgres.database import Database
from notifykit.outbox.postgres.failover import note_timeline
from notifykit.outbox.postgres.lanes import Lanes
from notifykit.outbox.values import Finished, Transition
from notifykit.plugins.find import own_version

log = logging.getLogger(__name__)

# `_put_back`: claimed tasks as if they had not been claimed.
_PUT_BACK = """
UPDATE outbox.tasks AS t SET status = 'queued', worker = NULL, lease = NULL, beat = NULL, tries = tries - 1
  FROM json_to_recordset(%s::json) AS claim (id bigint, number integer)
 WHERE t.id = claim.id AND t.attempts = claim.number AND status = 'sending'
RETURNING t.id
"""

# `expire`: whether a claim is held, and its heartbeat number stands where the watcher saw it.
_STANDS_STILL = """
SELECT 1 FROM outbox.tasks WHERE id = %s AND attempts = %s AND status = 'sending' AND beat = %s FOR UPDATE
"""

# `on_wire`: what is being sent, of all workers.
_ON_WIRE = f"""
SELECT t.attempts, t.worker, t.started_at, t.lease, t.beat, {rows.TASK} FROM {rows.TASKS}
 WHERE t.status = 'sending' ORDER BY t.id
"""

# `heartbeat`: raise the numbers of claims that are still held.
_HEARTBEAT = """
WITH held AS (
    SELECT t.id FROM json_to_recordset(%s::json) AS claim (id bigint, number integer)
      JOIN outbox.tasks AS t ON t.id = claim.id AND t.attempts = claim.number AND status = 'sending'
     ORDER BY t.id FOR UPDATE OF t)
UPDATE outbox.tasks AS t SET beat = beat + 1 FROM held WHERE t.id = held.id AND status = 'sending' RETURNING t.id
"""

# `holds`: whether a claim is still held.
_HOLDS = "SELECT 1 FROM outbox.tasks WHERE id = %s AND attempts = %s AND status = 'sending'"

# `enlist`: a worker that begins.
_ENLIST = """
INSERT INTO outbox.workers (name, since, seen_at, host, version, ahead)
VALUES (%(name)s, %(now)s, %(now)s, %(host)s, %(version)s, %(ahead)s)
ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at
"""

# `enlist`: a worker that has ended.
_LEAVE = "DELETE FROM outbox.workers WHERE name = %s"

# `reconcile`: what is being sent under these names.
_OWN = "SELECT id, attempts, channel FROM outbox.tasks WHERE status = 'sending' AND worker = ANY (%s::text[])"


class LostClaims:
    """Methods of the outbox for claims under way."""

    db: Database
    lanes: Lanes

    def expire(self, claim: Claim, outcome: Outcome, then: Transition) -> bool:
        """Take a claim away whose worker is gone, unless its heartbeat number has risen.

        For one lease after the server was started nobody is given up: who could not reach it could not renew either.
        """
        db = self.db
        if db.now() < db.time.server_started + claim.lease:
            return False
        task = claim.task
        with db.transaction():
            self.lanes.announce([task.channel])
            held = self.lanes.hold_of([task.id])
            if db.one(_STANDS_STILL, (task.id, claim.token, claim.beat)) is None:
                return False
            recording.move(db, self.lanes, [Finished(claim=claim, outcome=outcome, then=then)], held)
            db.handed.end([claim])
        return True

    def release(self, claim: Claim) -> None:
        """Give back a claim whose call was never begun, as if it had not been made.

        Within `transaction()` that is done at its end, with all that are given back: their lanes are held in one order.
        """
        with self.db.transaction():
            self.db.put_off(self._give_back, claim)

    def _give_back(self, claims: Sequence[Claim]) -> None:
        self.lanes.announce({one.task.channel for one in claims})
        back = set(self._put_back([(one.task.id, one.token) for one in claims]))
        rates.not_started(self.db, [one for one in claims if one.task.id in back])
        self.db.handed.end(claims)

    def _put_back(self, claims: Sequence[tuple[int, int]]) -> list[int]:
        """Put claimed tasks back, by id and token; returns the ids of those that were still claimed so."""
        held = self.lanes.hold_of(id_ for id_, _ in claims)
        found = self.db.all(_PUT_BACK, (rows.many({"id": id_, "number": number} for id_, number in claims),))
        if found:
            self.lanes.find_turns(held)
        return [id_ for (id_,) in found]

    @contextmanager
    def enlist(self, worker: str) -> Iterator[None]:
        """Keep the worker in the list of those that work. Whether it lives is told by its heartbeats."""
        db = self.db
        values = {"name": worker, "now": db.now(), "host": platform.node(), "version": own_version()}
        with db.transaction():
            db.execute(_ENLIST, {**values, "ahead": db.time.ahead})
        try:
            yield
        finally:
            try:
                with db.transaction():
                    db.execute(_LEAVE, (worker,))
            except StoreError as error:
                log.info("worker %s stays in the list of workers: %s", worker, error)

    def ended(self, worker: str) -> bool:  # noqa: ARG002 - nothing tells that of another machine's process
        """Whether it is proven that a worker's process has ended: never."""
        return False

    def on_wire(self) -> list[Claim]:
        """Return what is `sending`, of all workers."""
        return [
            Claim(task=rows.task(columns), token=token, worker=worker, started_at=started_at, lease=lease, beat=beat)
            for token, worker, started_at, lease, beat, *columns in self.db.all(_ON_WIRE)
        ]

    def heartbeat(self, claims: Iterable[Claim]) -> list[Claim]:
        """Raise the heartbeat numbers of those of the claims that are still held; returns these."""
        db = self.db
        claims = list(claims)
        with db.transaction():
            asked = rows.many({"id": one.task.id, "number": one.token} for one in claims)
            held = {id_ for (id_,) in db.all(_HEARTBEAT, (asked,))}
            db.measure_time()
        return [one for one in claims if one.task.id in held]

    def holds(self, claim: Claim) -> bool:
        """Whether a claim is still its task's latest, and the task is `sending`."""
        return self.db.one(_HOLDS, (claim.task.id, claim.token)) is not None

    def reconcile(self) -> None:
        """Give back what is `sending` under the names of this connection's workers, and was never handed out.

        It was claimed by a transaction whose commit was made, and whose answer was lost. That transaction may still be
        under way when the connection is made again: it holds the worker's lock.
        """
        db = self.db
        note_timeline(db)
        if not db.handed.workers:
            return
        workers = sorted(db.handed.workers)
        with db.transaction():
            advisory.hold(db, "worker", workers)
            found = [row for row in db.all(_OWN, (workers,)) if row[:2] not in db.handed]
            if not found:
                return
            self.lanes.announce({channel for *_, channel in found})
            lost = [(id_, number) for id_, number, _ in found]
            self._put_back(lost)
            rates.drop_somewhere(db, [{"task_id": id_, "number": number} for id_, number in lost])
        log.warning("%d claims whose commit was not seen were given back: %s", len(lost), [id_ for id_, _ in lost])
