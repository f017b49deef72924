"""The decision table: what the three old states of a contract say about each of its messages. Pure.

Neither flag nor JSON says *delivered*; only a completed row does. What is not proven is held for a person.
`WITHOUT_ROW`, `PENDING_ROW` and `CRASHES` are the table that docs/migration.md shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from notifykit_migration.model import (
    Attempt,
    FlagState,
    Historic,
    MessageTreatment,
    Raised,
    RowState,
    StatusFileState,
    Treatment,
)


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
            decision, why = _without_row(fact, rows, choices)
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
    raised = row.attempt is Attempt.RAISED and choices.raised is Raised.HOLD
    perhaps = row.evidence if row.attempt is Attempt.PERHAPS or raised else None
    for why in (fact.doubt, PENDING_ROW[fact.column], row.stale, perhaps):
        if why is not None:
            return Treatment.HOLD, why
    return Treatment.ADOPT, row.evidence


def _without_row(fact: ContractFact, rows: RowState, choices: Choices) -> tuple[Treatment, str]:
    """Decide about a message that is required and has no row."""
    rule = WITHOUT_ROW[fact.json, rows][COLUMNS.index(fact.column)]
    if rule.needs_sure_rows and fact.doubt is not None:
        return Treatment.HOLD, fact.doubt
    if rule.needs_all_rows and fact.purged:
        return Treatment.HOLD, "no row, but rows were deleted from the table: it may have been sent"
    if rule.assumed is not None and fact.doubt is None and choices.historic is Historic.ASSUME_SENT:
        return Treatment.ASSUME, rule.assumed
    return rule.decision, rule.why


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a cell of the table says about a message that is required and has no row."""

    decision: Treatment
    why: str
    needs_sure_rows: bool = False
    """Where its contract's rows are in doubt, it is held for that doubt."""
    needs_all_rows: bool = False
    """Where rows were deleted from the table, it is held."""
    assumed: str | None = None
    """Why it is taken as sent where the person chose that, and its contract's rows are not in doubt."""


HISTORIC = "historic: file and flag say sent, and there is no row for it any more"
"""What the reason of a historic hold begins with."""

_NEW = Rule(decision=Treatment.GENERATE, why="nothing was done about it yet", needs_sure_rows=True, needs_all_rows=True)
_CUT = Rule(
    decision=Treatment.CREATE, why="the job stopped before it made this one", needs_sure_rows=True, needs_all_rows=True
)
_FAIL = Rule(decision=Treatment.HOLD, why="another message of this contract failed", needs_sure_rows=True)
_OLD = Rule(
    decision=Treatment.HOLD,
    why=HISTORIC,
    assumed="historic: file and flag say sent, its row is gone; assumed sent",
)
_LOST = Rule(
    decision=Treatment.HOLD,
    why="the send-status file says sent, but there is no row: purged, or a text that does not match",
)
_HAND = Rule(decision=Treatment.HOLD, why="the flag says sent, and nothing else knows of it: set by hand, or all lost")
_WORD = Rule(
    decision=Treatment.HOLD,
    why="the send-status file says something else than sent, and there is no row for it",
)
_FLAG = Rule(decision=Treatment.HOLD, why="its flag says neither sent nor unsent, and there is no row for it")
_PART = Rule(decision=Treatment.HOLD, why="there are rows for this contract, but none for this message")
_GONE = Rule(
    decision=Treatment.HOLD,
    why="the send-status file knows it, its CSV row is gone, and there is no row for it",
)

COLUMNS = (FlagState.UNSENT, FlagState.SENT, FlagState.OTHER, FlagState.MISSING)
"""The order of the flags in `WITHOUT_ROW`."""

# fmt: off
WITHOUT_ROW: Mapping[tuple[StatusFileState, RowState], tuple[Rule, Rule, Rule, Rule]] = {
    # JSON, the contract's rows                         flag N  Y      other  CSV row missing
    (StatusFileState.ABSENT, RowState.NONE):           (_NEW,  _HAND, _FLAG, _GONE),
    (StatusFileState.ABSENT, RowState.PENDING):        (_CUT,  _PART, _PART, _GONE),
    (StatusFileState.ABSENT, RowState.COMPLETED):      (_CUT,  _PART, _PART, _GONE),
    (StatusFileState.ABSENT, RowState.FAILED):         (_FAIL, _PART, _PART, _GONE),
    (StatusFileState.ABSENT, RowState.MIXED):          (_CUT,  _PART, _PART, _GONE),
    (StatusFileState.SENT, RowState.NONE):             (_LOST, _OLD,  _FLAG, _GONE),
    (StatusFileState.SENT, RowState.PENDING):          (_PART, _PART, _PART, _GONE),
    (StatusFileState.SENT, RowState.COMPLETED):        (_PART, _PART, _PART, _GONE),
    (StatusFileState.SENT, RowState.FAILED):           (_PART, _PART, _PART, _GONE),
    (StatusFileState.SENT, RowState.MIXED):            (_PART, _PART, _PART, _GONE),
    (StatusFileState.OTHER, RowState.NONE):            (_WORD, _WORD, _FLAG, _GONE),
    (StatusFileState.OTHER, RowState.PENDING):         (_PART, _PART, _PART, _GONE),
    (StatusFileState.OTHER, RowState.COMPLETED):       (_PART, _PART, _PART, _GONE),
    (StatusFileState.OTHER, RowState.FAILED):          (_PART, _PART, _PART, _GONE),
    (StatusFileState.OTHER, RowState.MIXED):           (_PART, _PART, _PART, _GONE),
}
"""What is decided about a required message without a row."""
# fmt: on

PENDING_ROW: Mapping[FlagState, str | None] = {
    FlagState.UNSENT: None,
    FlagState.SENT: None,
    FlagState.OTHER: "pending, but its flag says neither sent nor unsent",
    FlagState.MISSING: "pending, but its CSV row is gone",
}
"""Why a pending row is held, whatever JSON and the other rows say; None: it is adopted where it was never tried."""


def crash_of(json: StatusFileState, rows: RowState, column: FlagState) -> str | None:
    """Name the accident that most likely explains a state; None where none is needed."""
    if column is FlagState.MISSING:
        return "the row was removed from the CSV file, or lost when it was rewritten"
    if rows is RowState.FAILED:
        return "a program that knows the status `failed` wrote here"
    return CRASHES.get((json, rows), {}).get(column)


_RESET = "the send-status file was lost or reset"
_EXPORTED = "killed before the CSV file was rewritten, or the file was exported again"

CRASHES: Mapping[tuple[StatusFileState, RowState], Mapping[FlagState, str]] = {
    (StatusFileState.ABSENT, RowState.NONE): {
        FlagState.SENT: "the flag was set by hand, or the send-status file was lost",
    },
    (StatusFileState.ABSENT, RowState.PENDING): {
        FlagState.UNSENT: "killed between making the task and writing the send-status file",
        FlagState.SENT: _RESET,
    },
    (StatusFileState.ABSENT, RowState.COMPLETED): {
        FlagState.UNSENT: "killed before the send-status file was written; the row was sent later",
        FlagState.SENT: _RESET,
    },
    (StatusFileState.ABSENT, RowState.MIXED): {
        FlagState.UNSENT: "killed before the send-status file was written, and run again",
        FlagState.SENT: _RESET,
    },
    (StatusFileState.SENT, RowState.NONE): {
        FlagState.UNSENT: "the task table was purged, or the file was exported again",
        FlagState.SENT: "the task table was purged since",
    },
    (StatusFileState.SENT, RowState.PENDING): {
        FlagState.UNSENT: "killed before the CSV file was rewritten at the end of the loop",
    },
    (StatusFileState.SENT, RowState.COMPLETED): {FlagState.UNSENT: _EXPORTED},
    (StatusFileState.SENT, RowState.MIXED): {FlagState.UNSENT: _EXPORTED},
}
"""The accident of a state by what its flag says; none is needed for the others."""
