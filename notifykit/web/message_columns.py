"""The columns of messages: what listings of them show, and what their CSV has beside it."""

from __future__ import annotations

import json

from notifykit.model import Task
from notifykit.operate.lines import message_name
from notifykit.web.listing import Column, Kind

__all__ = ["MESSAGE", "MORE", "TEXT"]

MESSAGE: tuple[Column[Task], ...] = (
    Column(name="id", heading="id", value=lambda task: task.id, kind=Kind.NUMBER),
    Column(name="campaign", heading="campaign", value=lambda task: task.campaign),
    Column(name="key", heading="key", value=lambda task: task.key),
    Column(name="message", heading="message", value=message_name),
    Column(name="to", heading="to", value=lambda task: task.recipient),
    Column(name="channel", heading="channel", value=lambda task: task.channel),
)
"""Which message it is."""

TEXT: Column[Task] = Column(name="text", heading="text", value=lambda task: task.text, sorts=False)

MORE: tuple[Column[Task], ...] = (
    Column(name="period", heading="period", value=lambda task: task.period),
    Column(name="round", heading="round", value=lambda task: task.round, kind=Kind.NUMBER),
    Column(
        name="options",
        heading="options",
        value=lambda task: json.dumps(task.options, ensure_ascii=False) if task.options else None,
    ),
    Column(name="not_before", heading="not before", value=lambda task: task.not_before or None, kind=Kind.TIME),
    Column(name="expires_at", heading="expires", value=lambda task: task.expires_at, kind=Kind.TIME),
    Column(name="sent_at", heading="sent", value=lambda task: task.sent_at, kind=Kind.TIME),
    Column(name="receipt", heading="receipt", value=lambda task: task.receipt.status.value if task.receipt else None),
    Column(
        name="receipt_at", heading="told", value=lambda task: task.receipt.at if task.receipt else None, kind=Kind.TIME
    ),
)
"""What the CSV has beside what is shown: as the JSON calls it."""
