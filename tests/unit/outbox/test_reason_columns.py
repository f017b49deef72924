"""A reason is stored as text, code and parameters, and read so; a store from before codes has texts alone."""

from __future__ import annotations

import json
from dataclasses import replace

from sample_outage import OUTAGE

from notifykit.model import Outcome, Status
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite import rows
from notifykit.outbox.sqlite.stored import StoredOutbox
from notifykit.outbox.values import ChannelBounds, OutageKind, Transition
from notifykit.testing import draft
from notifykit.testing.outbox.steps import finish, take
from notifykit.wording import Reason, Wording, host

COLUMNS = "reason, reason_code, reason_params, refusal, refusal_code, refusal_params"


def failed(outbox: SqliteOutbox) -> int:
    outbox.enqueue([draft()])
    (claim,) = take(outbox, "w", 1, {"robot": ChannelBounds()}, 60)
    outcome = Outcome.rejected("40058", "太长")
    finish(outbox, claim, outcome, Transition(status=Status.FAILED, reason=host.REJECTED(cause=outcome.said)))
    return claim.task.id


def test_text_code_and_parameters_stand_side_by_side(outbox: SqliteOutbox) -> None:
    id_ = failed(outbox)
    text, code, params, *refusal = outbox.db.one(f"SELECT {COLUMNS} FROM tasks WHERE id = ?", (id_,))
    assert (text, code, refusal) == ("40058 太长", "rejected", [None] * 3)
    assert json.loads(params) == {"cause": {"code": "40058", "params": {}, "text": "40058 太长"}}
    assert "太长" in params


def test_a_refused_write_back_is_told_before_the_reason_and_goes_with_it(outbox: SqliteOutbox) -> None:
    id_ = failed(outbox)
    outbox.decide([id_], Status.SENT, who="x", why="seen", of=[Status.FAILED])
    outbox.note_refused_write_back({id_: host.WRITE_BACK_FAILED(error="no such file")})
    assert told(outbox) == host.WRITE_BACK_FAILED(error="no such file")
    outbox.note_refused_write_back({id_: Reason("a plugin's words")})
    assert told(outbox) == Reason("a plugin's words")
    outbox.complete([id_])
    assert told(outbox) == host.DECIDED(why="seen")
    assert outbox.reopen_write_back("sample", ["C-1"]) == 1
    assert told(outbox) == host.FLAG_UNSET()


def told(outbox: SqliteOutbox) -> Reason | None:
    (row,) = outbox.db.all(f"SELECT {rows.selected(rows.TASK_COLUMNS)} FROM tasks")
    return rows.task(row).reason


def test_a_store_from_before_codes_is_read(outbox: SqliteOutbox) -> None:
    id_ = failed(outbox)
    for column in ("reason_code", "reason_params", "refusal_code", "refusal_params"):
        outbox.db.execute(f"ALTER TABLE tasks DROP COLUMN {column}")
    assert StoredOutbox(outbox.db.connection).task(id_).reason == Reason("40058 太长")


def test_why_a_channel_takes_nothing_has_a_code_and_so_has_the_failure(outbox: SqliteOutbox) -> None:
    outbox.set_outage(OUTAGE)
    (outage,) = outbox.outages()
    assert outage == OUTAGE
    assert outage.told == host.CHANNEL_UNREACHABLE(cause=Reason("ConnectError refused", "ConnectError"))
    assert outage.told.codes == {"channel_unreachable", "ConnectError"}
    throttled = replace(OUTAGE, kind=OutageKind.THROTTLED).told
    assert throttled.text == "the service asks to wait: ConnectError refused"


def test_what_a_store_from_before_their_codes_says_is_read(outbox: SqliteOutbox) -> None:
    """And is written with its code in the next pass."""
    outbox.set_outage(OUTAGE)
    held = host.KEY_CHANGED(campaign="a", before="id", key="nr")
    outbox.hold_campaign("a", held)
    for table in ("outages", "held_campaigns"):
        outbox.db.execute(f"UPDATE {table} SET reason_code = NULL, reason_params = NULL")
    (outage,) = outbox.outages()
    assert outage.told == host.CHANNEL_UNREACHABLE(cause=Reason("ConnectError refused"))
    assert outbox.held_campaigns() == {"a": Reason(held.text)}
    assert Wording(host.HOST).known(outbox.held_campaigns()["a"]) == held
    outbox.hold_campaign("a", held)
    assert outbox.held_campaigns() == {"a": held}
