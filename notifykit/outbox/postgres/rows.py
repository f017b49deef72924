"""Rows of the tables as values, and values as rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from notifykit.model import Status, Task
from notifykit.outbox.cells import ATTEMPT_COLUMNS, encode, reason, receipt
from notifykit.wording.host import EXPIRED

TASKS = "outbox.tasks AS t JOIN outbox.messages AS m ON m.id = t.id"
"""Where the columns of a task come from."""

TASK = """t.id, m.task_type, m.recipient, m.text, t.status, t.campaign, m.record_key, m.message_name, m.round,
 t.channel, t.lane > 0, m.metadata, t.tries, t.queued_at, t.not_before, t.sent_at, t.completed_at, t.doubted_at,
 t.expires_at, m.period, t.reason, t.reason_code, t.reason_params, t.refusal, t.refusal_code, t.refusal_params,
 m.options, t.receipt, t.receipt_at"""
"""The columns of a task, in the order in which `task` takes them."""

HAS_EXPIRED = f"(its.status = 'cancelled' AND its.reason_code = '{EXPIRED.code}')"
"""For a WHERE: that a task waited for too long."""

NOT_TOLD = f"(its.status NOT IN ('sent', 'completed', 'cancelled') OR {HAS_EXPIRED})"
"""For a WHERE: that a task keeps its record from being flagged."""

ATTEMPT = ", ".join(ATTEMPT_COLUMNS)
"""The columns of an attempt."""

_STATUS = {status.value: status for status in Status}


def task(row: Sequence[Any]) -> Task:
    """Build a task from TASK."""
    id_, task_type, recipient, text, status, campaign, key, name, round_, channel, ordered, metadata, *others = row
    *others, options, told_later, told_at = others
    tries, queued_at, not_before, sent_at, completed_at, doubted_at, expires_at, period, *why = others
    told, refused = why[:3], why[3:]
    columns = told if refused[0] is None else refused
    return Task(
        id=id_,
        task_type=task_type,
        recipient=recipient,
        text=text,
        status=_STATUS[status],
        campaign=campaign,
        key=key,
        name=name,
        round=round_,
        channel=channel,
        ordered=ordered,
        metadata=json.loads(metadata),
        tries=tries,
        queued_at=queued_at,
        not_before=not_before,
        sent_at=sent_at,
        completed_at=completed_at,
        reason=None if columns[0] is None else reason(*columns),
        doubted_at=doubted_at,
        options=None if options is None else json.loads(options),
        expires_at=expires_at,
        period=period,
        receipt=None if told_later is None else receipt(told_later, told_at),
    )


def storable(text: str) -> bool:
    """Whether PostgreSQL can keep a text: one with a NUL, or with half a character, is nowhere in the store."""
    if text.isascii():
        return "\0" not in text
    return clean(text) == text


@lru_cache(maxsize=256)
def _legible(text: str) -> str:
    return text.replace("\0", "\N{SYMBOL FOR NULL}").encode("utf-8", "backslashreplace").decode()


def clean(text: str | None) -> str | None:
    """Return what somebody said as PostgreSQL can keep it: without NUL, and Unicode as a whole."""
    if text is None or (text.isascii() and "\0" not in text):
        return text
    return _legible(text)


def numbers(of: Iterable[int]) -> str:
    """Return numbers as one parameter for `bigint[]`: a list takes longer, and is of a type by its largest number."""
    return f"{{{','.join(map(str, of))}}}"


def many(rows: Iterable[Mapping[str, object]]) -> str:
    """Return rows as one JSON parameter."""
    return encode(list(rows))
