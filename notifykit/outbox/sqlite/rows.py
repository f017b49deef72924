"""Rows of the tables as values, and back."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from notifykit.model import Attempt, Status, Task, Verdict
from notifykit.wording import Reason

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
    *("ordered", "metadata", "tries", "queued_at", "not_before", "sent_at", "completed_at", "doubted_at", "reason"),
    *("reason_code", "reason_params", "refusal", "refusal_code", "refusal_params"),
)
"""The columns of a task, in the order in which `task` takes them."""

ATTEMPT_COLUMNS = (
    *("task_id", "number", "channel", "worker", "started_at", "finished_at", "verdict", "code", "detail", "vendor_id"),
    "call_seconds",
)
"""The columns of an attempt, in the order in which `attempt` takes them."""

_STATUS = {status.value: status for status in Status}
_parse = json.JSONDecoder().raw_decode
_first_member = re.compile(r'\{"([^"\\\x00-\x1f]*)": "([^"\\\x00-\x1f]*)", (?=")').match

encode = json.JSONEncoder(ensure_ascii=False).encode
"""Metadata as it is stored: readable by people and old programs."""


def selected(columns: Sequence[str], **instead: str) -> str:
    """Return columns for a SELECT, in order. `instead`: expressions that take the place of columns, by their names."""
    return ", ".join(instead.get(name, name) for name in columns)


def task(row: Sequence[Any]) -> Task:
    """Build a task from TASK_COLUMNS. A legacy row that notifykit does not own has empty texts for what it lacks."""
    id_, task_type, recipient, text, status, campaign, key, name, round_, channel, ordered, metadata, *others = row
    tries, queued_at, not_before, sent_at, completed_at, doubted_at, *why = others
    return Task(
        id=id_,
        task_type=task_type,
        recipient=recipient,
        text=text,
        status=_STATUS[status],
        campaign=campaign or "",
        key=key or "",
        name=name or "",
        round=round_ or 0,
        channel=channel or "",
        ordered=bool(ordered),
        metadata=_metadata(metadata) if metadata else {},
        tries=tries or 0,
        queued_at=queued_at or 0.0,
        not_before=not_before or 0.0,
        sent_at=sent_at,
        completed_at=completed_at,
        reason=_told(*why),
        doubted_at=doubted_at,
    )


def _told(
    text: str | None, code: str | None, params: str | None, refusal: str | None, *of_refusal: str | None
) -> Reason | None:
    """Return why a task is where it is: the write-back that was refused, or else the reason of its last move."""
    if refusal is not None:
        return reason(refusal, *of_refusal)
    return None if text is None else reason(text, code, params)


@lru_cache(maxsize=4096)
def reason(text: str, code: str | None, params: str | None) -> Reason:
    """Build a reason from its three columns."""
    return Reason.stored(text, code, _parse(params)[0] if params else None)


def reason_values(given: Reason | None, name: str = "reason") -> dict[str, str | None]:
    """Return the values of a reason's three columns, by name."""
    if given is None:
        return {name: None, f"{name}_code": None, f"{name}_params": None}
    params = encode(given.params_data()) if given.names else None
    return {name: given.text, f"{name}_code": given.code, f"{name}_params": params}


def attempt(row: Sequence[Any]) -> Attempt:
    """Build an attempt from ATTEMPT_COLUMNS."""
    task_id, number, channel, worker, started_at, finished_at, verdict, code, detail, vendor_id, call_seconds = row
    return Attempt(
        task_id=task_id,
        number=number,
        channel=channel,
        worker=worker,
        started_at=started_at,
        finished_at=finished_at,
        verdict=Verdict(verdict) if verdict else None,
        code=code,
        detail=detail,
        vendor_id=vendor_id,
        call_seconds=call_seconds,
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
