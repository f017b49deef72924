"""The decision table: what the three old states of a contract say about each of its messages. Pure.

Neither flag nor JSON says *delivered*; only a completed row does. What is not proven is held for a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from notifykit_migration.model import (
    FlagState,
    Historic,
    MessageTreatment,
    Raised,
    RowState,
    StatusFileState,
    Treatment,
)


class Attempt(Enum):
    """Whether the old scheduler ever tried a pending row."""

    NEVER = auto()
    PERHAPS = auto()
    """It may have been in flight when the program was killed."""
    RAISED = auto()
    """It was tried, and raised: perhaps after the message had left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFact:
    """What matters of one row that was matched to a message."""

    id: int
    status: str
    text: int
    """A hash of recipient and text: twins are equal in it."""
    attempt: Attempt = Attempt.NEVER
    evidence: str = ""
    """Why `attempt` is what it is."""
    stale: str | None = None
    """Why it is too old; None where it is not."""
    round: int | None = None
    """Of the task that it was before a rollback: a later round was asked for, and is nobody's twin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFact:
    """One message of a contract: whether its campaign asks for it, and the rows that are matched to it."""

    name: str
    required: bool
    rows: Sequence[RowFact] = ()
    owned: int = 0
    """The highest round in which the outbox has it already; 0 where it has not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractFact:
    """Everything that is known of a contract."""

    json: StatusFileState
    column: FlagState
    messages: Sequence[MessageFact]
    doubt: str | None = None
    """Why its rows cannot be told for certain (two candidates, an unknown recipient); None where they can."""
    purged: bool = False
    """Rows were deleted from the table: a missing row proves nothing."""

    def together(self) -> RowState:
        """Return what its rows say together."""
        found = {row.status for message in self.messages for row in message.rows}
        if not found:
            return RowState.NONE
        if len(found) > 1:
            return RowState.MIXED
        return _ALIKE.get(found.pop(), RowState.FAILED)


_ALIKE = {"pending": RowState.PENDING, "completed": RowState.COMPLETED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the person who migrates chose."""

    historic: Historic = Historic.HOLD
    raised: Raised = Raised.HOLD


def decide(fact: ContractFact, choices: Choices) -> Iterator[MessageTreatment]:
    """Yield a decision for each message, and for each row of one that has several."""
    rows = fact.together()
    for message in fact.messages:
        if message.rows:
            yield from _with_rows(message, fact, choices)
        elif message.owned:
            yield MessageTreatment(message=message.name, decision=Treatment.OWNED, why="the outbox has it already")
        elif message.required:
            decision, why = _without_rows(fact, rows, choices)
            yield MessageTreatment(message=message.name, decision=decision, why=why)


def _with_rows(message: MessageFact, fact: ContractFact, choices: Choices) -> Iterator[MessageTreatment]:
    settled: dict[int, str] = {}  # text to what makes another row of the same text a twin
    if message.owned:
        settled = dict.fromkeys((row.text for row in message.rows), "the outbox has this message already")
    rounds = set(range(1, message.owned + 1))
    done = [row for row in message.rows if row.status == "completed"]
    for row in done:
        settled.setdefault(row.text, f"row {row.id} with the same text was completed")
    for row in (*done, *(row for row in message.rows if row.status != "completed")):
        round_ = row.round or 1
        while round_ in rounds:
            round_ += 1
        rounds.add(round_)
        if row.status == "completed":
            decision, why = Treatment.SENT, f"row {row.id} is completed"
        elif row.text in settled and (row.round or 1) == 1:
            decision, why = Treatment.CANCEL, settled[row.text]
        else:
            decision, why = _own_row(row, fact, choices)
            settled[row.text] = f"row {row.id} has the same text"
        yield MessageTreatment(message=message.name, decision=decision, why=why, row=row.id, round=round_)


def _own_row(row: RowFact, fact: ContractFact, choices: Choices) -> tuple[Treatment, str]:
    """Decide about a row that was not completed, by itself."""
    if row.status != "pending":
        return Treatment.HOLD, f"row {row.id} says {row.status!r}"
    if fact.doubt is not None:
        return Treatment.HOLD, fact.doubt
    if fact.column is FlagState.MISSING:
        return Treatment.HOLD, "pending, but its CSV row is gone"
    if fact.column is FlagState.OTHER:
        return Treatment.HOLD, "pending, but its flag says neither sent nor unsent"
    if row.stale is not None:
        return Treatment.HOLD, row.stale
    if row.attempt is Attempt.PERHAPS or (row.attempt is Attempt.RAISED and choices.raised is Raised.HOLD):
        return Treatment.HOLD, row.evidence
    return Treatment.ADOPT, row.evidence


def _without_rows(fact: ContractFact, rows: RowState, choices: Choices) -> tuple[Treatment, str]:
    """Decide about a message that is required and has no row."""
    if fact.json is StatusFileState.ABSENT and fact.column is FlagState.UNSENT:
        return _never_begun(fact, rows)
    if fact.column is FlagState.MISSING:
        return Treatment.HOLD, "the send-status file knows it, its CSV row is gone, and there is no row for it"
    if rows is not RowState.NONE:
        return Treatment.HOLD, "there are rows for this contract, but none for this message"
    if fact.json is StatusFileState.SENT and fact.column is FlagState.SENT:
        if fact.doubt is None and choices.historic is Historic.ASSUME_SENT:
            return Treatment.ASSUME, "historic: file and flag say sent, its row is gone; assumed sent"
        return Treatment.HOLD, HISTORIC
    return Treatment.HOLD, _NO_ROW[fact.json, fact.column]


HISTORIC = "historic: file and flag say sent, and there is no row for it any more"
"""What the reason of a historic hold begins with."""

_NO_ROW = {
    (
        StatusFileState.SENT,
        FlagState.UNSENT,
    ): "the send-status file says sent, but there is no row: purged, or a text that does not match",
    (
        StatusFileState.ABSENT,
        FlagState.SENT,
    ): "the flag says sent, and nothing else knows of it: set by hand, or all lost",
} | {
    state: why
    for why, states in {
        "its flag says neither sent nor unsent, and there is no row for it": [
            (json, FlagState.OTHER) for json in StatusFileState
        ],
        "the send-status file says something else than sent, and there is no row for it": [
            (StatusFileState.OTHER, FlagState.UNSENT),
            (StatusFileState.OTHER, FlagState.SENT),
        ],
    }.items()
    for state in states
}


def _never_begun(fact: ContractFact, rows: RowState) -> tuple[Treatment, str]:
    """Decide where neither file nor flag knows anything of the message."""
    if fact.doubt is not None:
        return Treatment.HOLD, fact.doubt
    if rows is RowState.FAILED:
        return Treatment.HOLD, "another message of this contract failed"
    if fact.purged:
        return Treatment.HOLD, "no row, but rows were deleted from the table: it may have been sent"
    if rows is RowState.NONE:
        return Treatment.GENERATE, "nothing was done about it yet"
    return Treatment.CREATE, "the job stopped before it made this one"


def crash_of(json: StatusFileState, rows: RowState, column: FlagState) -> str | None:
    """Name the accident that most likely explains a state; None where none is needed."""
    if column is FlagState.MISSING:
        return "the row was removed from the CSV file, or lost when it was rewritten"
    if rows is RowState.FAILED:
        return "a program that knows the status `failed` wrote here"
    return _CRASHES.get((json, rows, column))


_CRASHES: dict[tuple[StatusFileState, RowState, FlagState], str] = {
    (
        StatusFileState.ABSENT,
        RowState.PENDING,
        FlagState.UNSENT,
    ): "killed between making the task and writing the send-status file",
    (
        StatusFileState.ABSENT,
        RowState.COMPLETED,
        FlagState.UNSENT,
    ): "killed before the send-status file was written; the row was sent later",
    (
        StatusFileState.ABSENT,
        RowState.MIXED,
        FlagState.UNSENT,
    ): "killed before the send-status file was written, and run again",
    (
        StatusFileState.ABSENT,
        RowState.NONE,
        FlagState.SENT,
    ): "the flag was set by hand, or the send-status file was lost",
    (StatusFileState.ABSENT, RowState.PENDING, FlagState.SENT): "the send-status file was lost or reset",
    (StatusFileState.ABSENT, RowState.COMPLETED, FlagState.SENT): "the send-status file was lost or reset",
    (StatusFileState.ABSENT, RowState.MIXED, FlagState.SENT): "the send-status file was lost or reset",
    (
        StatusFileState.SENT,
        RowState.PENDING,
        FlagState.UNSENT,
    ): "killed before the CSV file was rewritten at the end of the loop",
    (
        StatusFileState.SENT,
        RowState.COMPLETED,
        FlagState.UNSENT,
    ): "killed before the CSV file was rewritten, or the file was exported again",
    (
        StatusFileState.SENT,
        RowState.MIXED,
        FlagState.UNSENT,
    ): "killed before the CSV file was rewritten, or the file was exported again",
    (
        StatusFileState.SENT,
        RowState.NONE,
        FlagState.UNSENT,
    ): "the task table was purged, or the file was exported again",
    (StatusFileState.SENT, RowState.NONE, FlagState.SENT): "the task table was purged since",
}
