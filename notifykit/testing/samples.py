"""Records, messages, drafts and contexts to test with: say what matters, the rest is made up."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from typing import Any, TypedDict, Unpack

from notifykit.clock import Clock
from notifykit.messages.attachments import Attachment
from notifykit.model import Batch, Draft, Message, Metadata, Record, Status, Table, Task
from notifykit.roles import SendContext
from notifykit.testing.clock import FakeClock


def records(*rows: Mapping[str, Any], key: str = "id", origin: str = "sample") -> list[Record]:
    """Make records of one table. Column `key` holds the business key; a column that a row lacks is empty there.

    Rows count from 2, as below the header of a CSV file.
    """
    names = dict.fromkeys(name for row in rows for name in row)
    table = Table(origin, {name: at for at, name in enumerate(names)})
    return [
        Record(str(row[key]), [row.get(name, "") for name in names], table, number)
        for number, row in enumerate(rows, start=2)
    ]


class MessageFields(TypedDict, total=False):
    """What of a message a test wants to say itself."""

    recipient: str
    text: str
    idempotency_key: str
    campaign: str
    key: str
    name: str
    metadata: Metadata
    options: Any


def message(**fields: Unpack[MessageFields]) -> Message:
    """Make a message for a sender."""
    made: MessageFields = {
        "recipient": "测试群",
        "text": "工单已完成",
        "idempotency_key": "sample/C-1/group/1",
        "campaign": "sample",
        "key": "C-1",
        "name": "group",
    }
    return Message(**(made | fields))


def send_context(*, attempt: int = 1, timeout: float = 5.0, clock: Clock | None = None) -> SendContext:
    """Make what a sender is told beside the message."""
    log = logging.getLogger("notifykit.testing")
    return SendContext(attempt=attempt, timeout=timeout, clock=clock or FakeClock(), log=log)


class DraftFields(TypedDict, total=False):
    """What of a draft a test wants to say itself."""

    campaign: str
    key: str
    name: str
    recipient: str
    text: str
    channel: str
    task_type: str
    ordered: bool
    round: int
    period: str
    not_before: float
    expires_at: float | None
    metadata: Metadata
    options: Metadata | None
    attachments: tuple[Attachment, ...]
    limit_key: str | None
    batch: Batch | None


def draft(**fields: Unpack[DraftFields]) -> Draft:
    """Make a message that is offered to an outbox."""
    made: DraftFields = {
        "campaign": "sample",
        "key": "C-1",
        "name": "group",
        "recipient": "测试群",
        "text": "工单已完成",
        "channel": "robot",
        "task_type": "sample",
    }
    return Draft(**(made | fields))


def sent_task(record: Record, metadata: Metadata, *, id_: int = 1, name: str = "group") -> Task:
    """Make the task of a record as it is when its message was accepted and its write-back is owed."""
    return Task(
        id=id_,
        task_type="sample",
        recipient="测试群",
        text="工单已完成",
        status=Status.SENT,
        campaign="sample",
        key=record.key,
        name=name,
        round=1,
        channel="robot",
        ordered=True,
        metadata=metadata,
        tries=1,
        queued_at=1_800_000_000.0,
        not_before=0.0,
        sent_at=1_800_000_001.0,
        completed_at=None,
        reason=None,
    )


class FakeLedger:
    """An outbox that knows these keys, and any message of them."""

    def __init__(self, *, waiting: Collection[str] = (), delivered: Collection[str] = ()) -> None:
        self._waiting = frozenset(waiting)
        self._delivered = frozenset(delivered)

    def waiting(self, key: str, period: str | None = None) -> bool:  # noqa: ARG002 - a key is known in all periods
        """Whether any message of this key is neither sent nor cancelled."""
        return key in self._waiting

    def delivered(self, key: str, period: str | None = None) -> bool:  # noqa: ARG002 - likewise
        """Whether this key was sent whole."""
        return key in self._delivered

    def written_back(self, key: str) -> bool:
        """Whether the flag of this key was written once."""
        return key in self._delivered

    def known(self, key: str, message: str, period: str = "") -> bool:  # noqa: ARG002 - and with all its messages
        """Whether this message of this key was ever queued."""
        return key in self._waiting or key in self._delivered
