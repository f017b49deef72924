"""Rows of the tables as values, and back."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from notifykit.model import Attempt, Status, Task, Verdict

TASK_COLUMNS = (
    "id, task_type, recipient, message, status, campaign, record_key, message_name, round, channel, ordered,"
    " metadata, tries, queued_at, not_before, sent_at, completed_at, coalesce(refusal, reason)"
)

ATTEMPT_COLUMNS = (
    "task_id, number, channel, worker, started_at, finished_at, verdict, code, detail, vendor_id, call_seconds"
)

_STATUS = {status.value: status for status in Status}
_parse = json.JSONDecoder().raw_decode
_first_member = re.compile(r'\{"([^"\\\x00-\x1f]*)": "([^"\\\x00-\x1f]*)", (?=")').match

encode = json.JSONEncoder(ensure_ascii=False).encode
"""Metadata as it is stored: readable by people and old programs."""


def task(row: tuple[Any, ...]) -> Task:
    """Build a task from TASK_COLUMNS. A legacy row that notifykit does not own has empty texts for what it lacks."""
    return Task(
        id=row[0],
        task_type=row[1],
        recipient=row[2],
        text=row[3],
        status=_STATUS[row[4]],
        campaign=row[5] or "",
        key=row[6] or "",
        name=row[7] or "",
        round=row[8] or 0,
        channel=row[9] or "",
        ordered=bool(row[10]),
        metadata=_metadata(row[11]) if row[11] else {},
        tries=row[12] or 0,
        queued_at=row[13] or 0.0,
        not_before=row[14] or 0.0,
        sent_at=row[15],
        completed_at=row[16],
        reason=row[17],
    )


def attempt(row: tuple[Any, ...]) -> Attempt:
    """Build an attempt from ATTEMPT_COLUMNS."""
    return Attempt(
        task_id=row[0],
        number=row[1],
        channel=row[2],
        worker=row[3],
        started_at=row[4],
        finished_at=row[5],
        verdict=Verdict(row[6]) if row[6] else None,
        code=row[7],
        detail=row[8],
        vendor_id=row[9],
        call_seconds=row[10],
    )


def _metadata(text: str) -> dict[str, Any]:
    """Parse the metadata of a task. That of a campaign's tasks often differs in its first member only.

    The values of the other members are then shared, so nobody may change them.
    """
    if (first := _first_member(text)) is None:
        parsed: dict[str, Any] = _parse(text)[0]
        return parsed
    name, value = first.groups()
    return {name: value, **_other_members(text[first.end() :])}


@lru_cache(maxsize=256)
def _other_members(text: str) -> dict[str, Any]:
    """Parse what follows the first member, once for all tasks that share it: less work, and much less memory."""
    parsed: dict[str, Any] = _parse("{" + text)[0]
    return parsed
