"""The words of notifykit as plain values: records, messages, tasks, attempts, outcomes.

Times are seconds since the epoch in UTC, durations are seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Self, cast

from notifykit.errors import told
from notifykit.wording import Reason

if TYPE_CHECKING:
    from notifykit.messages.attachments import Attachment
    from notifykit.messages.receipts import Receipt, SentOutcome

__all__ = [
    "FOREVER",
    "Attempt",
    "Batch",
    "CampaignData",
    "Claim",
    "Draft",
    "Message",
    "Metadata",
    "OnUnknown",
    "Outcome",
    "Owed",
    "Problem",
    "Record",
    "Status",
    "Table",
    "Task",
    "Verdict",
]

Metadata = Mapping[str, Any]
"""What a strategy keeps with each task. Stored as JSON."""


class Status(StrEnum):
    """Where a task stands. `notifykit docs states` says who moves it."""

    PENDING = "pending"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    COMPLETED = "completed"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"
    CANCELLED = "cancelled"
    FOREIGN = "foreign"
    """Not stored: how a row is shown whose status, or whose owner, another program's writing leaves unknown."""


class Verdict(StrEnum):
    """What one attempt came to."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    RETRY = "retry"
    UNKNOWN = "unknown"


class OnUnknown(StrEnum):
    """What to do about a task that may or may not have been accepted."""

    HOLD = "hold"
    RESEND = "resend"
    ASSUME_SENT = "assume_sent"


@dataclass(frozen=True, slots=True)
class Table:
    """Where records come from: a name for people, and the position of each column."""

    origin: str
    columns: Mapping[str, int]
    names: tuple[str, ...] = ()
    """The whole header, where the source has one: a name that is there twice is that of no column."""
    before: int = 0
    """Rows of the source that stand in other tables before this one. Places are counted from behind them."""


class Record:
    """One row of a source.

    `record["column"]` is a cell; KeyError where there is no such column. Sources yield hundreds of thousands
    of these, so this is a bare slotted class: treat it as immutable.
    """

    __slots__ = ("cells", "key", "row", "table")

    def __init__(self, key: str, cells: Sequence[Any], table: Table, row: int) -> None:
        self.key = key
        """The business key (a contract id)."""
        self.cells = cells
        self.table = table
        self.row = row
        """1-based position in the source, which no other record has: the line where a CSV row starts, the index in a
        JSON array plus one. Where the table is not the first of its source, those `before` it are counted, too."""

    def __getitem__(self, column: str) -> Any:
        return self.cells[self.table.columns[column]]

    def __contains__(self, column: str) -> bool:
        return column in self.table.columns

    def get(self, column: str, default: Any = None) -> Any:
        """Return the cell, or `default` where there is no such column."""
        at = self.table.columns.get(column)
        return default if at is None else self.cells[at]

    def items(self) -> Iterator[tuple[str, Any]]:
        """Yield (column, cell) in column order."""
        return ((name, self.cells[at]) for name, at in self.table.columns.items())

    @property
    def place(self) -> str:
        """`origin:row`, for messages to people."""
        return f"{self.table.origin}:{self.row - self.table.before}"

    def __repr__(self) -> str:
        return f"Record({self.key!r} at {self.place})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something in a source that holds back only what it concerns."""

    place: str
    """`file:line`, or the place as the source names it."""
    what: str
    mend: str
    key: str | None = None
    """The record that is held back; None where the row has no usable key."""
    reason: Reason | None = None
    """`what` with its code and parameters, where it has any."""

    def __str__(self) -> str:
        return told(self.what, mend=self.mend, where=self.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """How a message is gathered with others into a digest, which is one call."""

    wait: float
    """Seconds that it waits for others at most."""
    most: int
    """How many messages there are in one digest at most."""
    ordered: bool = True
    """Whether the digest keeps the order of queueing among messages to its recipient."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A rendered message that is offered to the outbox."""

    campaign: str
    key: str
    name: str
    """The message's name within the campaign, such as `group`."""
    recipient: str
    text: str
    channel: str
    task_type: str
    """What old readers of the table see in `task_type`."""
    ordered: bool = True
    """Keep the order of queueing among messages to this recipient."""
    round: int = 1
    metadata: Metadata = field(default_factory=dict)
    options: Metadata | None = None
    """What it says beside its text, as it is stored; None: the defaults of the sender's options, where it has any."""
    attachments: tuple[Attachment, ...] = ()
    """The files that the options name."""
    limit_key: str | None = None
    """What its attempts are counted by for the `key_limits` of its channel."""
    period: str = ""
    """In which of the campaign's periods it is sent once: later ones sort behind earlier ones. Empty: in none."""
    not_before: float = 0.0
    """UTC seconds: it is not sent earlier. 0: at once."""
    expires_at: float | None = None
    """UTC seconds of the store's clock: where it still waits then, it is cancelled. None: never."""

    @property
    def idempotency_key(self) -> str:
        """That of the task that it becomes."""
        return _idempotency_key(self)

    batch: Batch | None = None
    """How it is gathered; None: it is sent alone. One that is gathered has no order of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignData:
    """What a campaign reads and writes. Files are `file:` and a path, relative to the project's folder within it."""

    campaign: str
    source: str
    """As the campaign's file says it."""
    target: str
    """Where the source leads, if it is a link; otherwise as `source`."""
    key: str
    """The column or name that holds the business key."""
    writes: str
    """A file, or a part of the source such as a column; empty where nothing is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One message for one record to one recipient: a row of the outbox."""

    id: int
    task_type: str
    recipient: str
    text: str
    status: Status
    campaign: str
    key: str
    name: str
    """The message's name within the campaign, such as `group`."""
    round: int
    channel: str
    ordered: bool
    metadata: Metadata
    tries: int
    """Attempts since the task was queued or last put back by a person, one under way included."""
    queued_at: float
    not_before: float
    """The next attempt is not made earlier."""
    sent_at: float | None
    completed_at: float | None
    reason: Reason | None
    """Why the task is where it is: the last refusal, the doubt, the write-back that failed."""
    doubted_at: float | None = None
    """When the first attempt began that may have been accepted, of those since a person last put the task back."""
    damaged: bool = False
    """Another program wrote what cannot be read into the row: it is neither sent nor written back, and shown as far as
    it can be."""
    options: Metadata | None = None
    period: str = ""
    expires_at: float | None = None
    """These three are as of a `Draft`."""
    outcome: SentOutcome | None = None
    """What came of it, for a strategy that says `needs_outcomes`; None elsewhere."""
    receipt: Receipt | None = None
    """What its service told since it accepted it."""

    @property
    def idempotency_key(self) -> str:
        """The same for every attempt of this task, different for every other task."""
        return _idempotency_key(self)


def _idempotency_key(one: Draft | Task) -> str:
    told = f"{one.campaign}/{one.key}/{one.name}/{one.round}"
    return f"{told}@{one.period}" if one.period else told


class Owed(NamedTuple):
    """What is needed of a sent task to write its result back. There may be a hundred thousand."""

    id: int
    key: str
    metadata: Metadata
    damaged: bool = False
    """As of a `Task`."""
    reason: Reason | None = None
    """Why it is damaged."""
    outcome: SentOutcome | None = None
    """As of a `Task`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to make one attempt, for as long as its worker lives."""

    task: Task
    token: int
    """Number of the attempt, 1 for the first of the task ever. Only the holder of the latest moves the task."""
    worker: str
    started_at: float
    """By the wall clock, for people. Nothing is decided by it."""
    lease: float
    """Seconds for which `beat` must stand still, by a watcher's own clock, before the claim may be taken away."""
    beat: int = 0
    """The heartbeat number: it rises for as long as the worker lives."""
    counted: tuple[str, ...] | None = field(default=None, compare=False)
    """Under which names the attempt is counted by rates; None: that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at sending a task."""

    task_id: int
    number: int
    channel: str
    worker: str
    started_at: float
    finished_at: float | None
    """When the outcome was recorded; None while nobody knows it yet."""
    verdict: Verdict | None
    code: str | None
    """The vendor's code, such as `45009`, or the class of an exception. Never a message with a URL in it."""
    detail: str | None
    vendor_id: str | None
    call_seconds: float | None
    """How long the sender's call took."""
    undelivered: tuple[str, ...] = ()
    """Recipients that an accepting service left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a sender is given."""

    recipient: str
    text: str
    idempotency_key: str
    """Stable over all attempts of a task. Send it along where the service takes one."""
    campaign: str
    key: str
    name: str
    metadata: Metadata = field(default_factory=dict)
    options: Any = None
    """An object of the sender's `message_options`; None where it has none."""


FOREVER = float("inf")
"""A channel pause that only a person ends."""

OVERDUE = 3.0
"""Timeouts after which a call that has not returned is reported."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a sender says of one attempt. Build it with one of the four class methods."""

    verdict: Verdict
    code: str = ""
    detail: str = ""
    after: float | None = None
    """Retry no earlier than in so many seconds; None leaves it to the campaign's backoff."""
    pause: float | None = None
    """Pause the whole channel, for all workers, for so many seconds (FOREVER: until a person resumes it)."""
    vendor_id: str | None = None
    undelivered: tuple[str, ...] = ()
    """Recipients that an accepting service left out."""
    max_tries: int | None = None
    """A tighter bound on attempts than the campaign's, for codes that are worth only a few."""
    unreached: bool = False
    """The request never left this machine: the service could not be reached, which says nothing about the message."""

    @classmethod
    def accepted(cls, *, detail: str = "", vendor_id: str | None = None, undelivered: tuple[str, ...] = ()) -> Self:
        """The service said, in a form we parsed, that it took the message."""
        if not (detail or undelivered) and vendor_id is None and cls is Outcome:
            return cast("Self", _ACCEPTED)
        return cls(Verdict.ACCEPTED, detail=detail, vendor_id=vendor_id, undelivered=undelivered)

    @classmethod
    def rejected(cls, code: str, detail: str = "", *, pause: float | None = None) -> Self:
        """The service said no, and the same request can never succeed."""
        return cls(Verdict.REJECTED, code, detail, pause=pause)

    @classmethod
    def retry(
        cls,
        code: str,
        detail: str = "",
        *,
        after: float | None = None,
        pause: float | None = None,
        max_tries: int | None = None,
        unreached: bool = False,
    ) -> Self:
        """Certainly not accepted, may succeed later."""
        return cls(Verdict.RETRY, code, detail, after=after, pause=pause, max_tries=max_tries, unreached=unreached)

    @classmethod
    def unknown(cls, code: str, detail: str = "") -> Self:
        """It may or may not have been accepted."""
        return cls(Verdict.UNKNOWN, code, detail)

    @property
    def said(self) -> Reason:
        """What the service said, under its own code."""
        return Reason(f"{self.code} {self.detail}".strip(), self.code or None)


_ACCEPTED = Outcome(Verdict.ACCEPTED)
"""What most attempts come to: one for all of them."""
