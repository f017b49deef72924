"""The generating side of the PostgreSQL outbox: offer drafts, and know what is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from notifykit.errors import StoreError
from notifykit.model import Draft, Status
from notifykit.outbox import cells
from notifykit.outbox.digests import alike
from notifykit.outbox.postgres import advisory, channel_times, contents, events, gathering, key_forms, rows
from notifykit.outbox.postgres.database import Database
from notifykit.outbox.postgres.lanes import Lanes
from notifykit.outbox.postgres.ledger import PostgresLedger
from notifykit.outbox.values import Enqueued, Event
from notifykit.wording.host import FLAG_UNSET
from notifykit.wording.translation import gettext, gettext_noop

# `_unknown`: of which groups of messages, of one campaign and name, any may be known: a key of the campaign lies
# between the first and the last that are offered, or some were moved to an archive. None where keys are numbers that
# go on.
_PERHAPS_KNOWN = """
SELECT place
  FROM json_to_recordset(%s::json) AS offered (place integer, campaign text, name text, least text, most text)
 WHERE EXISTS (SELECT 1 FROM outbox.messages AS m
                WHERE m.campaign = offered.campaign AND m.record_key >= least AND m.record_key <= most)
    OR EXISTS (SELECT 1 FROM outbox.pruned_messages AS p
                WHERE p.campaign = offered.campaign AND p.message_name = offered.name)
"""

# `_unknown`: which messages of such groups were never queued, nor in a later period, by the places of the group and of
# the key. What was moved to an archive was queued. Each look ends at the first row that it finds.
_UNKNOWN = """
SELECT place, array_agg(number - 1)
  FROM json_to_recordset(%s::json) AS offered (
       place integer, campaign text, name text, round integer, period text, keys json)
  LEFT JOIN LATERAL (
       SELECT array_agg(id) AS ids FROM outbox.pruned_messages AS p
        WHERE p.campaign = offered.campaign AND p.message_name = offered.name) AS moved ON true
 CROSS JOIN LATERAL json_array_elements_text(keys) WITH ORDINALITY AS one (key, number)
  LEFT JOIN LATERAL (
       SELECT true AS known FROM outbox.messages AS m
        WHERE m.campaign = offered.campaign AND m.record_key = key AND m.message_name = offered.name
          AND m.period >= offered.period AND (m.period > offered.period OR m.round = offered.round)
        LIMIT 1) AS queued ON true
  LEFT JOIN LATERAL (
       SELECT true AS known FROM outbox.pruned
        WHERE moved.ids IS NOT NULL AND pruned.record_key = key AND pruned.message = ANY (moved.ids)
          AND (pruned.period > offered.period OR (pruned.period = offered.period AND rounds >= offered.round))
        LIMIT 1) AS archived ON true
 WHERE queued.known IS NULL AND archived.known IS NULL
 GROUP BY place
"""

# `new_ids`: ids of tasks, in order, as the first of those that follow on each other, and how many do. Taken while their
# lanes are held, so that the order of a lane is that of the ids.
_NEW_IDS = """
SELECT min(id), count(*)
  FROM (SELECT nextval('outbox.message_ids') AS id, number FROM generate_series(1, %s) AS number) AS taken
 GROUP BY id - number ORDER BY min(id)
"""

_MESSAGES = (
    "outbox.messages (id, campaign, record_key, message_name, round, task_type, recipient, text, metadata, options,"
    " period)"
)
_OF_MESSAGES = ("int8", "text", "text", "text", "int4", "text", "text", "text", "text", "text", "text")

_TASKS = "outbox.tasks (id, lane, campaign, channel, status, queued_at, limit_key, not_before, expires_at)"
_OF_TASKS = ("int8", "int8", "text", "text", "text", "float8", "text", "float8", "float8")

_OWN_LANES = "outbox.lanes (id, channel, name, due_at, next_id)"
_OF_LANES = ("int8", "text", "text", "float8", "int8")

# `_count_duplicates`: drafts that were known.
_COUNT_DUPLICATES = """
INSERT INTO outbox.campaigns (campaign, duplicates_prevented)
SELECT campaign, number FROM json_to_recordset(%s::json) AS known (campaign text, number bigint)
 ORDER BY campaign COLLATE "C"
ON CONFLICT (campaign) DO UPDATE
   SET duplicates_prevented = campaigns.duplicates_prevented + excluded.duplicates_prevented
"""

# `reopen_write_back`: the completed tasks of keys.
_COMPLETED = """
SELECT t.id, t.completed_at FROM outbox.tasks AS t JOIN outbox.messages AS m ON m.id = t.id
 WHERE m.campaign = %s AND m.record_key = ANY (%s::text[]) AND t.status = 'completed' ORDER BY t.id FOR UPDATE OF t
"""

# `reopen_write_back`: they owe their write-backs again.
_REOPEN = """
UPDATE outbox.tasks SET status = 'sent', completed_at = NULL, refusal = %(refusal)s, refusal_code = %(refusal_code)s,
                        refusal_params = %(refusal_params)s
 WHERE id = ANY (%(ids)s::bigint[])
"""

MOST_OF_A_KEY = 1_000
"""Bytes of a key: an index has no room for much longer ones."""


def new_ids(db: Database, number: int) -> list[int]:
    """Return ids for new tasks, in order, whose lanes are held."""
    return [id_ for first, many in db.all(_NEW_IDS, (number,)) for id_ in range(first, first + many)]


class Queueing:
    """Methods of the outbox for `generate`."""

    db: Database
    lanes: Lanes

    def ledger(self, campaign: str) -> PostgresLedger:
        """Return what a strategy may ask about a campaign."""
        return PostgresLedger(self.db, campaign)

    def enqueue(self, drafts: Sequence[Draft], *, known: Mapping[str, int] | None = None) -> Enqueued:
        """Queue what is not known yet, in one transaction.

        Raises StoreError for a text that the server cannot keep, before anything is done.
        """
        db = self.db
        _require_storable(drafts, db.where)
        offered = Counter(draft.campaign for draft in drafts)
        with db.transaction():
            db.by_keys()
            advisory.hold(db, "campaign", {*offered, *(known or {})})
            new = [drafts[at] for at in self._unknown(drafts)]
            ids = self._insert(new) if new else []
            offered.subtract(draft.campaign for draft in new)
            offered.update(known or {})
            self._count_duplicates(offered)
        return Enqueued(ids=ids, duplicates=offered.total())

    def _unknown(self, drafts: Sequence[Draft]) -> list[int]:
        first: dict[tuple[str, str, int, str], dict[str, int]] = {}
        last: dict[tuple[str, str, str], str] = {}
        for at, draft in enumerate(drafts):
            if draft.period or last:
                message = (draft.campaign, draft.key, draft.name)
                if draft.period < last.get(message, ""):
                    continue  # a clock that is set back opens no period again
                last[message] = draft.period
            first.setdefault((draft.campaign, draft.name, draft.round, draft.period), {}).setdefault(draft.key, at)
        if not first:
            return []
        groups = [
            {"place": place, "campaign": campaign, "name": name, "round": round_, "period": period}
            for place, (campaign, name, round_, period) in enumerate(first)
        ]
        places = [*first.values()]
        asked = [{**group, "least": min(of), "most": max(of)} for group, of in zip(groups, places, strict=True)]
        perhaps = {place for (place,) in self.db.all(_PERHAPS_KNOWN, (rows.many(asked),))}
        unknown = [at for place, of in enumerate(places) if place not in perhaps for at in of.values()]
        if perhaps:
            asked = [{**groups[place], "keys": [*places[place]]} for place in perhaps]
            for place, numbers in self.db.all(_UNKNOWN, (rows.many(asked),)):
                found = [*places[place].values()]
                unknown += [found[number] for number in numbers]
        return sorted(unknown)

    def _insert(self, new: Sequence[Draft]) -> list[int]:
        """Queue drafts that are all new; returns their ids.

        Rows are made as the server takes them, so that both are at work.
        """
        db = self.db
        channels = {draft.channel for draft in new}
        self.lanes.announce(channels)
        channel_times.know(db, channels)
        gathered = [draft for draft in new if draft.batch is not None]
        if gathered:
            held, lanes = self._hold(new)
        else:
            lanes = self.lanes.hold_for({(draft.channel, draft.recipient) for draft in new if draft.ordered})
        ids = new_ids(db, len(new))
        now = db.now()
        db.copy_in(_MESSAGES, _OF_MESSAGES, map(_message, new, ids))
        if carried := {id_: draft.attachments for id_, draft in zip(ids, new, strict=True) if draft.attachments}:
            contents.attach(db, carried)
        alone = [(id_, draft) for id_, draft in zip(ids, new, strict=True) if draft.batch is None and not draft.ordered]
        if alone:
            db.copy_in(_OWN_LANES, _OF_LANES, ((-id_, one.channel, "", one.not_before, id_) for id_, one in alone))
        db.copy_in(_TASKS, _OF_TASKS, (_task(draft, id_, lanes, now) for id_, draft in zip(ids, new, strict=True)))
        if gathered:
            waiting = [(id_, draft.batch) for id_, draft in zip(ids, new, strict=True) if draft.batch is not None]
            lane_of = {to: lane for to, (lane, _) in lanes.items()}
            self.lanes.find_turns(
                gathering.wait_for_others(db, [id_ for id_, _ in waiting], [one for _, one in waiting], held, lane_of)
            )
        # Nothing comes before what is due since ever.
        self.lanes.find_turns([lane for lane, due_at in lanes.values() if due_at != 0.0])
        own: dict[str, tuple[float, int]] = {}
        for id_, one in alone:  # their turns come at once
            own[one.channel] = min(own.get(one.channel, (one.not_before, id_)), (one.not_before, id_))
        channel_times.lower(db, own)
        key_forms.keep_forms(db, ((draft.campaign, draft.key) for draft in new))
        return ids

    def _hold(
        self, drafts: Sequence[Draft]
    ) -> tuple[Collection[int], Mapping[tuple[str, str], tuple[int, float | None]]]:
        """Hold the lanes of drafts, some of which go in digests, and of these digests."""
        kinds = {
            alike(one.campaign, one.name, one.channel, one.recipient, cells.encode_options(one.options), one.limit_key)
            for one in drafts
            if one.batch is not None
        }
        to = {
            (one.channel, one.recipient) for one in drafts if (one.ordered if one.batch is None else one.batch.ordered)
        }
        held, lanes = self.lanes.hold_both(gathering.open_of(self.db, kinds), to)
        return held, {recipient: (lane, None) for recipient, lane in lanes.items()}

    def _count_duplicates(self, known: Mapping[str, int]) -> None:
        counted = [{"campaign": campaign, "number": number} for campaign, number in known.items() if number]
        if counted:
            self.db.execute(_COUNT_DUPLICATES, (rows.many(counted),))

    def reopen_write_back(self, campaign: str, keys: Iterable[str]) -> int:
        """Owe the write-back of these completed keys again."""
        db = self.db
        now = db.now()
        reason = FLAG_UNSET()
        with db.transaction():
            found = db.all(_COMPLETED, (campaign, list(keys)))
            if found:
                db.execute(_REOPEN, {"ids": [id_ for id_, _ in found], **cells.reason_values(reason, "refusal")})
            told: list[Event] = []
            for id_, completed_at in found:
                told += [
                    Event(at=completed_at, task_id=id_, kind="written_back", who="settle", detail=""),
                    Event(at=now, task_id=id_, kind="write_back_owed", who="generate", detail=reason.text),
                ]
            events.record(db, told)
        return len(found)


def _message(draft: Draft, id_: int) -> tuple[object, ...]:
    metadata, options = cells.encode_metadata(draft.metadata), cells.encode_options(draft.options)
    said = (draft.task_type, draft.recipient, draft.text, metadata, options, draft.period)
    return (id_, draft.campaign, draft.key, draft.name, draft.round, *said)


def _task(
    draft: Draft, id_: int, lanes: Mapping[tuple[str, str], tuple[int, float | None]], now: float
) -> tuple[object, ...]:
    """Return its row. What is gathered never has a turn; what has no order, a lane of its own."""
    in_order = draft.ordered and draft.batch is None
    lane = lanes[draft.channel, draft.recipient][0] if in_order else -id_
    times = (draft.not_before, draft.expires_at)
    return (id_, lane, draft.campaign, draft.channel, Status.QUEUED.value, now, draft.limit_key, *times)


def _require_storable(drafts: Iterable[Draft], where: str) -> None:
    """Raise StoreError for a NUL, which PostgreSQL keeps in no text, and for a key that no index takes."""
    for one in drafts:
        if (
            len(one.key) > MOST_OF_A_KEY // 4
            or "\0" in one.text
            or "\0" in one.key
            or "\0" in one.recipient
            or "\0" in one.name
            or "\0" in one.campaign
            or "\0" in one.channel
            or "\0" in one.period
            or "\0" in one.task_type
        ):
            _require_one_storable(one, where)


def _require_one_storable(draft: Draft, where: str) -> None:
    if len(draft.key) > MOST_OF_A_KEY // 4 and len(draft.key.encode()) > MOST_OF_A_KEY:
        raise StoreError(
            gettext(
                "the key {key!r}… has {number} bytes, and at most {most} can be kept",
                key=draft.key[:40],
                number=len(draft.key.encode()),
                most=MOST_OF_A_KEY,
            ),
            mend=gettext("correct the row, or take the key from another column"),
            where=where,
        )
    for what, text in (
        (gettext_noop("the key of {key!r} cannot be kept: it has a NUL"), draft.key),
        (gettext_noop("the text of {key!r} cannot be kept: it has a NUL"), draft.text),
        (gettext_noop("the recipient of {key!r} cannot be kept: it has a NUL"), draft.recipient),
        (gettext_noop("the campaign of {key!r} cannot be kept: it has a NUL"), draft.campaign),
        (gettext_noop("the period of {key!r} cannot be kept: it has a NUL"), draft.period),
        (gettext_noop("the message of {key!r} cannot be kept: it has a NUL"), draft.name),
        (gettext_noop("the channel of {key!r} cannot be kept: it has a NUL"), draft.channel),
        (gettext_noop("the task type of {key!r} cannot be kept: it has a NUL"), draft.task_type),
    ):
        if "\0" in text:
            mend = gettext("take the NUL character (U+0000) out of the row or the template")
            raise StoreError(gettext(what, key=draft.key), mend=mend, where=where)
