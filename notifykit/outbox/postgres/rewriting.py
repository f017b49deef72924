"""Another text for what waits in the PostgreSQL outbox."""

from __future__ import annotations

from collections.abc import Sequence

from notifykit.model import Task
from notifykit.outbox import cells
from notifykit.outbox.digests import goes_elsewhere
from notifykit.outbox.postgres import contents, deciding, events, gathering, rows
from notifykit.outbox.postgres.database import Database
from notifykit.outbox.postgres.lanes import Lanes
from notifykit.outbox.values import Event, Rewrite

# `rewrite`: those that wait, were never tried and are fixed in no digest, each with what it says.
_AS_THEY_ARE = """
SELECT t.id, m.recipient, m.text, m.options FROM outbox.tasks AS t JOIN outbox.messages AS m ON m.id = t.id
 WHERE t.id = ANY (%s::bigint[]) AND t.status = 'queued'
   AND NOT EXISTS (SELECT 1 FROM outbox.attempts WHERE task_id = t.id)
   AND NOT EXISTS (SELECT 1 FROM outbox.digests WHERE digests.task_id = t.id)
   AND NOT EXISTS (SELECT 1 FROM outbox.digest_members AS its JOIN outbox.digests ON digests.task_id = its.digest
                    WHERE its.task_id = t.id AND stands = 1 AND members IS NOT NULL)
 ORDER BY t.id FOR UPDATE OF t
"""

# `rewrite`: their new texts, options and recipients.
_REWRITE = """
UPDATE outbox.messages AS m SET recipient = new.recipient, text = new.text, options = new.options
  FROM json_to_recordset(%s::json) AS new (id bigint, recipient text, text text, options text) WHERE m.id = new.id
"""

# `rewrite`: their new lanes, and what they are counted by; one without an order stays in its own lane.
_MOVE = """
UPDATE outbox.tasks AS t SET lane = coalesce(new.lane, t.lane), limit_key = new.limit_key
  FROM json_to_recordset(%s::json) AS new (id bigint, lane bigint, limit_key text) WHERE t.id = new.id
"""


class Rewriting:
    """Methods of the outbox for texts that are mended."""

    db: Database
    lanes: Lanes

    def rewrite(self, messages: Sequence[Sequence[Rewrite]], *, who: str, why: str) -> list[Task]:
        """Give messages that wait other texts and recipients."""
        db = self.db
        every = {one.task.id: one for parts in messages for one in parts}
        with db.transaction():
            now = db.now()
            to = {
                (one.task.channel, one.recipient)
                for one in every.values()
                if one.task.ordered or one.recipient != one.task.recipient
            }
            held, lane_of = gathering.hold(db, self.lanes, list(every), to)
            as_it_was = {id_ for id_, *said in db.all(_AS_THEY_ARE, (list(every),)) if said == _said(every[id_].task)}
            whole = [parts for parts in messages if as_it_was.issuperset(one.task.id for one in parts)]
            chosen = [one for parts in whole for one in parts]
            new = [
                {
                    "id": one.task.id,
                    "recipient": one.recipient,
                    "text": one.text,
                    "options": cells.encode_options(one.options),
                }
                for one in chosen
            ]
            db.execute(_REWRITE, (rows.many(new),))
            carried = contents.detach(db, [one.task.id for one in chosen])
            if carrying := {one.task.id: one.attachments for one in chosen if one.attachments}:
                contents.attach(db, carrying)
            contents.drop_unused(db, carried)
            moved = [
                {
                    "id": one.task.id,
                    "lane": lane_of[one.task.channel, one.recipient] if one.task.ordered else None,
                    "limit_key": one.limit_key,
                }
                for one in chosen
            ]
            db.execute(_MOVE, (rows.many(moved),))
            events.record(
                db,
                [
                    Event(at=now, task_id=one.task.id, kind="rerendered", who=who, detail=one.told(why))
                    for one in chosen
                ],
            )
            elsewhere = [one.task.id for one in chosen if goes_elsewhere(one)]
            gathering.leave(db, elsewhere)
            gathered = gathering.gather(db, elsewhere, held, lane_of)
            self.lanes.find_turns([*held, *gathered])
            return deciding.tasks_of(db, [one.task.id for one in chosen])


def _said(task: Task) -> list[str | None]:
    """Return what a task says, as it is stored."""
    return [task.recipient, task.text, cells.encode_options(task.options)]
