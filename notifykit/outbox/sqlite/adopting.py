"""Rows that another program queued become tasks of ours.

Of the embedded store only, and no part of the `Outbox` protocol: another store has no table that it shares.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from notifykit.errors import StoreError
from notifykit.model import Draft, Status
from notifykit.outbox import cells
from notifykit.outbox.sqlite import events, key_forms, lanes
from notifykit.outbox.sqlite.database import Database
from notifykit.wording import Reason
from notifykit.wording.translation import gettext

BATCH = 1_000
"""Tasks that are made at once: what they are made of is large, and is not held longer."""

BECOMES = frozenset({Status.QUEUED, Status.IN_DOUBT, Status.COMPLETED, Status.CANCELLED})
"""What an adopted task can be."""

# `adopt`: the rows that no campaign has.
_FREE = "SELECT id FROM tasks WHERE campaign IS NULL"

# `adopt`: why a row cannot be adopted.
_STANDING = "SELECT status, campaign FROM tasks WHERE id = ?"

# `adopt`: part of the two below.
_SENT_AT = "CASE WHEN :status = 'completed' THEN :sent_at END"

# `adopt`: make a row of the old program a task.
_ADOPT = f"""
UPDATE tasks SET status = :status, metadata = :metadata, campaign = :campaign, record_key = :key,
                 message_name = :message, round = :round, channel = :channel, ordered = :ordered, attempts = 0,
                 tries = 0, queued_at = :at, not_before = 0.0, due_at = :due_at, reason = :reason,
                 reason_code = :reason_code, reason_params = :reason_params,
                 sent_at = {_SENT_AT}, completed_at = {_SENT_AT}
 WHERE id = :id
"""

# `adopt`: make a task for a message without a row.
_INSERT = f"""
INSERT INTO tasks (task_type, recipient, message, status, created_at, updated_at, metadata, campaign, record_key,
                   message_name, round, channel, ordered, attempts, tries, queued_at, not_before, due_at, reason,
                   reason_code, reason_params, sent_at, completed_at)
VALUES (:task_type, :recipient, :text, :status, :local, :local, :metadata, :campaign, :key,
        :message, :round, :channel, :ordered, 0, 0, :at, 0.0, :due_at, :reason,
        :reason_code, :reason_params, {_SENT_AT}, {_SENT_AT})
"""

# `adopt`: before whose turn it is is found anew.
_NOBODYS_TURN = """
UPDATE tasks INDEXED BY tasks_lane SET due_at = NULL
 WHERE status = 'queued' AND ordered = 1 AND channel = ? AND recipient = ? AND due_at IS NOT NULL
"""

# `adopt`: the highest id before.
_LAST_ID = "SELECT coalesce(max(id), 0) FROM tasks"

# `adopt`: the lane of a task.
_LANE_OF = "SELECT channel, recipient FROM tasks WHERE id = ?"

# `adopt`: which task there is already for a message.
_SAME = """
SELECT id FROM tasks INDEXED BY tasks_dedup
 WHERE campaign = ? AND record_key = ? AND message_name = ? AND round = ?
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What becomes of one message of the old world."""

    draft: Draft
    """Whose message it is. A legacy row keeps its own type, recipient and text; those here are for a new row."""
    status: Status
    """One of BECOMES."""
    id: int | None
    """The legacy row that becomes the task; None: there is no such row, and a new one is made."""
    reason: Reason | None
    """Why it is where it is; of one that is cancelled, not None."""
    at: float = 0.0
    """When it was queued in the old world, UTC seconds."""
    sent_at: float | None = None
    """When it was sent there, of one that is completed; None: at once."""

    def __post_init__(self) -> None:
        """Raise ValueError for a status that no adopted task can have, and where nobody says why one is cancelled."""
        if self.status not in BECOMES:
            raise ValueError(gettext("an adopted task cannot be {status}", status=self.status))
        if self.status is Status.CANCELLED and self.reason is None:
            raise ValueError(gettext("an adopted task that is cancelled has a reason"))


def adopt(db: Database, adoptions: Iterable[Adoption], *, who: str) -> list[int]:
    """Make these rows, and messages without a row, tasks of their campaigns, each with an event `adopted`.

    One transaction, or part of the one that is open, within which they are asked for, some at a time. A legacy row
    keeps its seven legacy columns except the status; those queued wait for their turn in the order of ids. Returns
    the ids of the tasks, in the order given. Raises StoreError, and the transaction is to be undone, where a row
    is not there or not free any more, or where a task of the same campaign, key, message and round exists.
    """
    rest = iter(adoptions)
    ids: list[int] = []
    queued: list[int] = []
    with db.transaction():
        now = db.clock.now()
        free = {id_ for (id_,) in db.all(_FREE)}
        (last,) = db.one(_LAST_ID)
        while wanted := list(islice(rest, BATCH)):
            _require_free(db, [item.id for item in wanted if item.id is not None], free, ids)
            try:
                db.connection.executemany(_ADOPT, (_values(item) for item in wanted if item.id is not None))
                made = [_insert(db, item) if item.id is None else item.id for item in wanted]
            except sqlite3.IntegrityError as error:
                raise _clash(db, wanted, last, ids) or db.explained(error) from error
            except sqlite3.Error as error:
                raise db.explained(error) from error
            key_forms.keep_forms(db, ((item.draft.campaign, item.draft.key) for item in wanted))
            details = (str(item.reason or "") for item in wanted)
            events.record_alike(db, zip(made, details, strict=True), "adopted", who, at=now)
            ids += made
            queued += [
                id_
                for id_, item in zip(made, wanted, strict=True)
                if item.status is Status.QUEUED and item.draft.ordered
            ]
        _place(db, queued)
    return ids


def _values(item: Adoption) -> dict[str, object]:
    draft = item.draft
    return {
        "id": item.id,
        "status": item.status.value,
        "metadata": cells.encode_metadata(draft.metadata),
        "campaign": draft.campaign,
        "key": draft.key,
        "message": draft.name,
        "round": draft.round,
        "channel": draft.channel,
        "ordered": draft.ordered,
        "at": item.at,
        "sent_at": item.at if item.sent_at is None else item.sent_at,
        "due_at": 0.0 if item.status is Status.QUEUED and not draft.ordered else None,
        **cells.reason_values(item.reason),
    }


def _insert(db: Database, item: Adoption) -> int:
    draft = item.draft
    new = {
        "task_type": draft.task_type,
        "recipient": draft.recipient,
        "text": draft.text,
        "local": db.local_time(item.at),
    }
    id_ = db.connection.execute(_INSERT, _values(item) | new).lastrowid
    assert id_ is not None  # noqa: S101
    return id_


def _require_free(db: Database, ids: Sequence[int], free: set[int], made: Sequence[int]) -> None:
    """Raise StoreError where a row is not `free`, and take those that are out of there. `made`: the tasks until now."""
    for id_ in ids:
        if id_ in free:
            free.discard(id_)
            continue
        found = db.one(_STANDING, (id_,))
        if found is None:
            why = gettext("it is not there any more")
        elif found[1] is not None and id_ not in made:
            why = gettext("campaign {name} has it already", name=found[1])
        else:
            why = gettext("it was named twice")
        raise StoreError(
            gettext("row {id} cannot be taken over: {why}", id=id_, why=why),
            mend=gettext("nothing was done, make a new plan"),
            where=db.path,
        )


def _clash(db: Database, wanted: Sequence[Adoption], last: int, made: Sequence[int]) -> StoreError | None:
    """Say which task is there twice. `last`: the highest id before; `made`: the tasks until now."""
    ours = {item.id for item in wanted}
    met: set[tuple[str, str, str, int]] = set()
    for item in wanted:
        draft = item.draft
        identity = (draft.campaign, draft.key, draft.name, draft.round)
        what = gettext(
            "message {name} of {key} in campaign {campaign}, round {round}",
            name=draft.name,
            key=draft.key,
            campaign=draft.campaign,
            round=draft.round,
        )
        found = db.one(_SAME, identity)
        if identity in met or (found and found[0] in made):
            return StoreError(
                gettext("{what}, was named twice", what=what),
                mend=gettext("nothing was done, make a new plan"),
                where=db.path,
            )
        met.add(identity)
        if found and found[0] <= last and found[0] not in ours:
            return StoreError(
                gettext("{what}, is task {id} already", what=what, id=found[0]),
                mend=gettext("nothing was done, make a new plan"),
                where=db.path,
            )
    return None


def _place(db: Database, queued: Sequence[int]) -> None:
    """Find anew whose turn it is in every lane that was added to: an adopted row can be older than what waits."""
    touched = {db.one(_LANE_OF, (id_,)) for id_ in queued}
    for channel, recipient in sorted(touched):
        db.execute(_NOBODYS_TURN, (channel, recipient))
        lanes.advance(db, [(channel, recipient)])
