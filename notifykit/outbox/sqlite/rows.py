"""Rows of the tables as values, and back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from notifykit.model import Owed, Status, Task
from notifykit.outbox.cells import parse, reason, receipt
from notifykit.wording import Reason
from notifykit.wording.host import CELLS_UNREADABLE, EXPIRED, STATUS_OVERWRITTEN

_TEXTS = (
    *("task_type", "recipient", "message", "status", "campaign", "record_key", "message_name", "channel", "metadata"),
    *("reason", "reason_code", "reason_params", "refusal", "refusal_code", "refusal_params", "worker", "options"),
    "period",
)
_NUMBERS = ("id", "round", "ordered", "tries", "attempts")
_TIMES = ("started_at", "queued_at", "not_before", "sent_at", "completed_at", "doubted_at", "expires_at")
_TOLD = ("receipt", "receipt_at")
"""Where another program's writing is nothing."""

_OF_OWNED = ("record_key", "message_name", "channel")
_OF_CLAIM = ("attempts", "worker", "started_at")
_OF_STATUS = ("worker", "started_at", "not_before", "sent_at", "completed_at", "reason")
_NEVER_NULL = ("id", "task_type", "recipient", "message", "status")

TASK_COLUMNS = (
    *(
        "id",
        "task_type",
        "recipient",
        "message",
        "status",
        "campaign",
        "record_key",
        "message_name",
        "round",
        "channel",
    ),
    *("ordered", "metadata", "tries", "attempts", "worker", "started_at"),
    *("queued_at", "not_before", "sent_at", "completed_at", "doubted_at", "expires_at", "period", "reason"),
    *("reason_code", "reason_params", "refusal", "refusal_code", "refusal_params", "options", "receipt", "receipt_at"),
)
"""The columns of a task, in the order in which `task` takes them."""

ATTEMPTS = TASK_COLUMNS.index("attempts")
"""Where the number of the latest attempt is in a row of these."""

_TOLD_COLUMNS = tuple(name for name in TASK_COLUMNS if name.startswith(("reason", "refusal", "options")))
"""What has to be parsed, where it is there."""

_OF_TEXT = ("task_type", "recipient", "message", *_OF_OWNED)
_PERHAPS_TEXT = ("worker", "period", "metadata")

BRIEF_COLUMNS = (
    "id",
    "record_key",
    "metadata",
    "plain",
    "task_type",
    "recipient",
    "message",
    "message_name",
    "channel",
    "worker",
    "period",
)
"""The columns of a sent task, in the order in which `owed_plainly` takes them; `plain` is an expression. The texts are
there so that one is noticed that is not UTF-8."""

STATUSES = tuple(status.value for status in Status if status is not Status.FOREIGN)
"""What notifykit itself writes into the column."""

_STATUS = {name: Status(name) for name in STATUSES}
_OLD_STATUS = {status.value: status for status in (Status.PENDING, Status.COMPLETED, Status.FAILED, Status.CANCELLED)}
"""Those that a row can have that no campaign owns."""

_NUMBERED = (Status.QUEUED, Status.SENDING)
"""Those that a task has before an attempt or during one, which needs a number."""

_LATEST = 253_402_300_799.0
"""UTC seconds: the end of the year 9999. A calendar goes no further."""

_UNREADABLE = (ValueError, TypeError, AttributeError, RecursionError)
"""What reading JSON raises that is none, or none of ours."""

_OPTIONS = (dict, type(None))
"""What the options of a message can be."""

_first_member = re.compile(r'\{"([^"\\\x00-\x1f]*)": "([^"\\\x00-\x1f]*)", (?=")').match


def selected(columns: Sequence[str], **instead: str) -> str:
    """Return columns for a SELECT, in order. `instead`: expressions that take the place of columns, by their names."""
    return ", ".join(instead.get(name, name) for name in columns)


IS_TIME = "BETWEEN 0.0 AND 253402300799.0"
"""For a WHERE: that a cell is a time, and one of a calendar. Texts and blobs are beyond all numbers."""


OPEN = """(status = 'queued' OR status = 'failed' OR status = 'in_doubt')
   AND campaign IS NOT NULL AND channel IS NOT NULL"""
"""For a WHERE: that a row is among those of the index `tasks_open`."""


def claimed(row: str = "tasks") -> str:
    """Return, for a WHERE: of a row that is `sending`, that its claim can be read. It is foreign otherwise.

    Types are told by comparing: numbers are below all texts, and texts below all blobs. Where an index calls a function
    in its condition, SQLite copies each page before a statement of several rows changes it, for the call might fail.
    """
    return f"""({row}.attempts IS NOT NULL AND {row}.attempts = CAST({row}.attempts AS INTEGER)
    AND {row}.worker IS NOT NULL AND {row}.worker < x''
    AND {row}.started_at IS NOT NULL AND {row}.started_at {IS_TIME})"""


def overwritten(row: str = "tasks") -> str:
    """Return, for a WHERE: of a row of ours, that the rest of it contradicts its status, which another program set."""
    return f"""(CASE {row}.status
    WHEN 'completed' THEN {row}.sent_at IS NULL OR {row}.completed_at IS NULL
    WHEN 'sent' THEN {row}.sent_at IS NULL
    WHEN 'queued' THEN {row}.sent_at IS NOT NULL
    WHEN 'sending' THEN {row}.sent_at IS NOT NULL OR NOT {claimed(row)}
    WHEN 'cancelled' THEN {row}.reason IS NULL OR coalesce({row}.not_before, 0.0) <> 0.0
    WHEN 'failed' THEN 0 WHEN 'in_doubt' THEN 0 ELSE 1 END)"""


def perhaps_foreign(row: str = "tasks") -> str:
    """Return, for a WHERE: that a row is among those of the index `tasks_perhaps_foreign`.

    What is shown as foreign is among these, and every row that no campaign owns. See `claimed` for how types are told.
    """
    no_text = [f"{row}.{name} IS NULL OR {row}.{name} >= x''" for name in ("campaign", *_OF_OWNED)]
    return f"({' OR '.join(no_text)} OR {overwritten(row)})"


def expired(row: str) -> str:
    """Return, for a WHERE: that a row is a message that waited for too long."""
    return f"({row}.status = 'cancelled' AND {row}.reason_code IS '{EXPIRED.code}')"


def waits(row: str) -> str:
    """Return, for a WHERE: of a row of ours, that its message is neither sent nor cancelled, as far as is known."""
    return f"({row}.status NOT IN ('sent', 'completed', 'cancelled') OR {overwritten(row)})"


def plain() -> str:
    """Return, for a SELECT: of a `sent` task of ours, that all its cells fit their columns, and none of them is to be
    parsed but its metadata. See `claimed` for how types are told."""
    fit = [f"{name} < x''" for name in _OF_TEXT]
    fit += [f"({name} IS NULL OR {name} < x'')" for name in _PERHAPS_TEXT]
    fit += [f"({name} IS NULL OR {name} = CAST({name} AS INTEGER))" for name in _NUMBERS if name != "id"]
    fit += [f"({name} IS NULL OR {name} {IS_TIME})" for name in _TIMES]
    fit += [f"{name} IS NULL" for name in _TOLD_COLUMNS]
    return f"CASE WHEN {' AND '.join(fit)} THEN 1 END"  # by jumps, where values would be put together by AND


def task(row: Sequence[Any]) -> Task:
    """Build a task from TASK_COLUMNS. A legacy row that notifykit does not own has empty texts for what it lacks.

    What another program wrote and cannot be read is shown as far as it can be: see `Task.damaged`, `Status.FOREIGN`.
    """
    if (read := _read(row)) is None:
        return _foreign(row)
    known, kept, reason, options = read
    return Task(
        id=row[0],
        task_type=row[1],
        recipient=row[2],
        text=row[3],
        status=known,
        campaign=row[5] or "",
        key=row[6] or "",
        name=row[7] or "",
        round=row[8] or 0,
        channel=row[9] or "",
        ordered=bool(row[10]),
        metadata=kept,
        tries=row[12] or 0,
        queued_at=row[16] or 0.0,
        not_before=row[17] or 0.0,
        sent_at=row[18],
        completed_at=row[19],
        reason=reason,
        doubted_at=row[20],
        options=options,
        expires_at=row[21],
        period=row[22] or "",
        receipt=None if row[30] is None else receipt(row[30], row[31]),
    )


def owed(row: Sequence[Any]) -> Owed:
    """Build what a write-back needs of a task from TASK_COLUMNS."""
    if (read := _read(row)) is None:
        task = _foreign(row)
        return Owed(task.id, task.key, task.metadata, task.damaged, task.reason)
    return Owed(row[0], row[6], read[1])


def owed_plainly(row: Sequence[Any]) -> Owed | None:
    """Build the same from BRIEF_COLUMNS, all texts of which are UTF-8; None where that needs the whole row."""
    if not row[3]:
        return None
    try:
        kept = _metadata(row[2], row[1]) if row[2] else {}
    except _UNREADABLE:
        return None
    return Owed(row[0], row[1], kept) if type(kept) is dict else None


def _read(row: Sequence[Any]) -> tuple[Status, dict[str, Any], Reason | None, dict[str, Any] | None] | None:
    """Return a task's status, metadata, reason and options; None where another program wrote what cannot be read.

    Asked of every task: what the kinds of its values tell is found once for all that have these.
    """
    if (known := _shown_as(row[4], tuple(map(type, row)))) is None:
        return None
    for time in row[15:22]:
        if time is not None and not 0.0 <= time <= _LATEST:
            return None
    if known is Status.CANCELLED and row[17] and row[5] is not None:
        return None
    try:
        kept = _metadata(row[11]) if row[11] else {}
        reason = None if row[23] is row[26] is None else _told(*row[23:29])
        options = None if row[29] is None else parse(row[29])[0]
    except _UNREADABLE:
        return None
    return (known, kept, reason, options) if type(kept) is dict and type(options) in _OPTIONS else None


@lru_cache(maxsize=1024)
def _shown_as(status: Any, types: tuple[type, ...]) -> Status | None:
    """Return the status of a task with values of these types; None where they do not fit it, or their columns."""
    if not all(_fits(name, type_) for name, type_ in zip(TASK_COLUMNS, types, strict=True)):
        return None
    there = {name: None if type_ is type(None) else 1 for name, type_ in zip(TASK_COLUMNS, types, strict=True)}
    known = (_OLD_STATUS if there["campaign"] is None else _STATUS).get(status)
    if known is None or (there["attempts"] is None and known in _NUMBERED):
        return None
    if there["campaign"] is not None:
        there["not_before"] = None  # is looked at in each row
        if None in (there[name] for name in _OF_OWNED) or _contradicted(known, *(there[name] for name in _OF_STATUS)):
            return None
    return known


def _contradicted(status: Status | None, worker: object, started_at: object, not_before: object, *then: object) -> bool:
    """Whether the rest of a task of ours contradicts its status: `overwritten`, of values."""
    sent_at, completed_at, reason = then
    if status is Status.COMPLETED:
        return sent_at is None or completed_at is None
    if status is Status.SENT:
        return sent_at is None
    if status is Status.QUEUED:
        return sent_at is not None
    if status is Status.SENDING:
        return sent_at is not None or worker is None or started_at is None
    if status is Status.CANCELLED:
        return reason is None or bool(not_before)
    return status is Status.PENDING


def campaigns(found: Iterable[Sequence[object]]) -> list[str]:
    """Return the names of campaigns, of rows of one column each. What another program wrote there may be none."""
    return [name for (name,) in found if isinstance(name, str)]


def status(stored: object) -> Status:
    """Return what a task's status is shown as."""
    return (_STATUS.get(stored) if isinstance(stored, str) else None) or Status.FOREIGN


def _told(
    text: str | None, code: str | None, params: str | None, refusal: str | None, *of_refusal: str | None
) -> Reason | None:
    """Return why a task is where it is: the write-back that was refused, or else the reason of its last move."""
    if refusal is not None:
        return reason(refusal, *of_refusal)
    return None if text is None else reason(text, code, params)


def _fits(name: str, type_: type) -> bool:
    if type_ is type(None) or name in _TOLD:
        return name not in _NEVER_NULL
    return type_ is (str if name in _TEXTS else int if name in _NUMBERS else float)


def _in_calendar(times: Iterable[float | None]) -> bool:
    for time in times:  # noqa: SIM110 - twice as fast as `all`, and asked of every task
        if time is not None and not 0.0 <= time <= _LATEST:
            return False
    return True


def _foreign(row: Sequence[Any]) -> Task:
    """Build a task of a row that another program wrote, as far as it can be read."""
    cells = dict(zip(TASK_COLUMNS, row, strict=True))
    wrong = {name for name in TASK_COLUMNS if not _fits(name, type(cells[name]))}
    if cells["campaign"] is not None:
        wrong |= {name for name in _OF_OWNED if cells[name] is None}
    wrong |= {name for name in _TIMES if name not in wrong and not _in_calendar([cells[name]])}
    kept: object = {}
    try:
        kept = _metadata(cells["metadata"]) if cells["metadata"] else {}
    except _UNREADABLE:
        wrong.add("metadata")
    if not isinstance(kept, dict):
        kept = {}
        wrong.add("metadata")
    if not _are_options(cells["options"]):
        wrong.add("options")
    owned = cells["campaign"] is not None and (
        cells["status"] == Status.CANCELLED.value  # nobody needs to know any more whose it was
        or all(isinstance(cells[name], str) for name in ("campaign", *_OF_OWNED))
    )
    status = (_STATUS if owned else _OLD_STATUS).get(cells["status"])
    overwritten = cells["campaign"] is not None and _contradicted(status, *(cells[name] for name in _OF_STATUS))
    if status in _NUMBERED and cells["attempts"] is None and not overwritten:
        wrong.add("attempts")
    if overwritten or (status is Status.SENDING and not wrong.isdisjoint(_OF_CLAIM)):
        status = None
    if wrong:
        reason = CELLS_UNREADABLE(columns=", ".join(name for name in TASK_COLUMNS if name in wrong))
    elif status is None:
        reason = STATUS_OVERWRITTEN(status=_shown(cells["status"]))
    else:
        reason = CELLS_UNREADABLE(columns="reason_params")
    texts = {name: _shown(cells[name]) for name in _TEXTS}
    numbers = {name: 0 if name in wrong else cells[name] or 0 for name in _NUMBERS}
    times = {name: None if name in wrong else cells[name] for name in _TIMES}
    return Task(
        id=numbers["id"],
        task_type=texts["task_type"],
        recipient=texts["recipient"],
        text=texts["message"],
        status=status if status is not None and owned else Status.FOREIGN,
        campaign=texts["campaign"],
        key=texts["record_key"],
        name=texts["message_name"],
        round=numbers["round"],
        channel=texts["channel"],
        ordered=bool(numbers["ordered"]),
        metadata=kept,
        tries=numbers["tries"],
        queued_at=times["queued_at"] or 0.0,
        not_before=times["not_before"] or 0.0,
        sent_at=times["sent_at"],
        completed_at=times["completed_at"],
        reason=reason,
        doubted_at=times["doubted_at"],
        expires_at=times["expires_at"],
        period=texts["period"],
        receipt=receipt(cells["receipt"], cells["receipt_at"]),
        damaged=True,
    )


def _are_options(cell: object) -> bool:
    try:
        return cell is None or (isinstance(cell, str) and isinstance(parse(cell)[0], dict))
    except _UNREADABLE:
        return False


def _shown(value: object) -> str:
    """Return any value of a cell as a text that people can read."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return "" if value is None else str(value)


def _metadata(text: str, key: str = "") -> dict[str, Any]:
    """Parse the metadata of a task. That of a campaign's tasks often differs in its first member only.

    The values of the other members are then shared, so nobody may change them. The first one often is the task's `key`,
    and then no text of its own, where that is given.
    """
    if (first := _first_member(text)) is None:
        parsed: dict[str, Any] = parse(text)[0]
        return parsed
    name, value = first.groups()
    return {name: key if value == key else value, **_other_members(text[first.end() :])}


@lru_cache(maxsize=256)
def _other_members(text: str) -> dict[str, Any]:
    """Parse what follows the first member, once for all tasks that share it: less work, and much less memory."""
    parsed: dict[str, Any] = parse("{" + text)[0]
    return parsed
