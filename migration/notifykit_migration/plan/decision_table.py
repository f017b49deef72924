"""The decision table: what the three old states of a contract say about each of its messages. Pure.

Neither flag nor JSON says *delivered*; only a completed row does. What is not proven is held for a person.
`WITHOUT_ROW`, `PENDING_ROW` and `CRASHES` are the table that docs/migration.md shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from notifykit.wording import Reason
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
from notifykit_migration.wording import accidents, holds, proven


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFact:
    """What matters of one row that was matched to a message."""

    id: int
    status: str
    text: int
    """A hash of recipient and text: twins are equal in it."""
    attempt: Attempt = Attempt.NEVER
    evidence: Reason | None = None
    """Why `attempt` is what it is; None where it was completed."""
    stale: Reason | None = None
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
    doubt: Reason | None = None
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
            yield MessageTreatment(message=message.name, decision=Treatment.OWNED, why=proven.OWNED())
        elif message.required:
            decision, why = _without_row(fact, rows, choices)
            yield MessageTreatment(message=message.name, decision=decision, why=why)


def _with_rows(message: MessageFact, fact: ContractFact, choices: Choices) -> Iterator[MessageTreatment]:
    settled: dict[int, Reason] = {}  # text to what makes another row of the same text a twin
    if message.owned:
        settled = dict.fromkeys((row.text for row in message.rows), proven.TWIN_OF_OWNED())
    rounds = set(range(1, message.owned + 1))
    done = [row for row in message.rows if row.status == "completed"]
    for row in done:
        settled.setdefault(row.text, proven.TWIN_OF_COMPLETED(row=row.id))
    for row in (*done, *(row for row in message.rows if row.status != "completed")):
        round_ = row.round or 1
        while round_ in rounds:
            round_ += 1
        rounds.add(round_)
        if row.status == "completed":
            decision, why = Treatment.SENT, proven.ROW_COMPLETED(row=row.id)
        elif row.text in settled and (row.round or 1) == 1:
            decision, why = Treatment.CANCEL, settled[row.text]
        else:
            decision, why = _own_row(row, fact, choices)
            settled[row.text] = proven.TWIN(row=row.id)
        yield MessageTreatment(message=message.name, decision=decision, why=why, row=row.id, round=round_)


def _own_row(row: RowFact, fact: ContractFact, choices: Choices) -> tuple[Treatment, Reason]:
    """Decide about a row that was not completed, by itself."""
    if row.status != "pending":
        return Treatment.HOLD, holds.ODD_STATUS(row=row.id, status=row.status)
    raised = row.attempt is Attempt.RAISED and choices.raised is Raised.HOLD
    perhaps = row.evidence if row.attempt is Attempt.PERHAPS or raised else None
    for why in (fact.doubt, PENDING_ROW[fact.column], row.stale, perhaps):
        if why is not None:
            return Treatment.HOLD, why
    assert row.evidence is not None  # noqa: S101 - every pending row has it
    return Treatment.ADOPT, row.evidence


def _without_row(fact: ContractFact, rows: RowState, choices: Choices) -> tuple[Treatment, Reason]:
    """Decide about a message that is required and has no row."""
    if fact.doubt is not None:
        return Treatment.HOLD, fact.doubt  # which of its rows are there is not known, so none is said to be gone
    rule = WITHOUT_ROW[fact.json, rows][COLUMNS.index(fact.column)]
    if rule.needs_all_rows and fact.purged:
        return Treatment.HOLD, holds.ROWS_DELETED()
    if rule.assumed is not None and choices.historic is Historic.ASSUME_SENT:
        return Treatment.ASSUME, rule.assumed
    return rule.decision, rule.why


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a cell of the table says about a message that is required and has no row."""

    decision: Treatment
    why: Reason
    needs_all_rows: bool = False
    """Where rows were deleted from the table, it is held."""
    assumed: Reason | None = None
    """Why it is taken as sent where the person chose that."""


_NEW = Rule(decision=Treatment.GENERATE, why=proven.NOT_BEGUN(), needs_all_rows=True)
_CUT = Rule(decision=Treatment.CREATE, why=proven.STOPPED_BEFORE(), needs_all_rows=True)
_FAIL = Rule(decision=Treatment.HOLD, why=holds.OTHER_FAILED())
_OLD = Rule(decision=Treatment.HOLD, why=holds.HISTORIC(), assumed=proven.HISTORIC_ASSUMED())
_LOST = Rule(decision=Treatment.HOLD, why=holds.SENT_WITHOUT_ROW())
_HAND = Rule(decision=Treatment.HOLD, why=holds.FLAG_ALONE())
_WORD = Rule(decision=Treatment.HOLD, why=holds.OTHER_WORD())
_FLAG = Rule(decision=Treatment.HOLD, why=holds.OTHER_FLAG())
_PART = Rule(decision=Treatment.HOLD, why=holds.MESSAGE_MISSING())
_GONE = Rule(decision=Treatment.HOLD, why=holds.CSV_ROW_GONE())

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

PENDING_ROW: Mapping[FlagState, Reason | None] = {
    FlagState.UNSENT: None,
    FlagState.SENT: None,
    FlagState.OTHER: holds.PENDING_OTHER_FLAG(),
    FlagState.MISSING: holds.PENDING_CSV_ROW_GONE(),
}
"""Why a pending row is held, whatever JSON and the other rows say; None: it is adopted where it was never tried."""


def crash_of(json: StatusFileState, rows: RowState, column: FlagState) -> Reason | None:
    """Name the accident that most likely explains a state; None where none is needed."""
    if column is FlagState.MISSING:
        return accidents.CSV_ROW_LOST()
    if rows is RowState.FAILED:
        return accidents.FOREIGN_STATUS()
    return CRASHES.get((json, rows), {}).get(column)


CRASHES: Mapping[tuple[StatusFileState, RowState], Mapping[FlagState, Reason]] = {
    (StatusFileState.ABSENT, RowState.NONE): {
        FlagState.SENT: accidents.FLAG_BY_HAND(),
    },
    (StatusFileState.ABSENT, RowState.PENDING): {
        FlagState.UNSENT: accidents.KILLED_AFTER_TASK(),
        FlagState.SENT: accidents.FILE_LOST(),
    },
    (StatusFileState.ABSENT, RowState.COMPLETED): {
        FlagState.UNSENT: accidents.KILLED_BEFORE_FILE(),
        FlagState.SENT: accidents.FILE_LOST(),
    },
    (StatusFileState.ABSENT, RowState.MIXED): {
        FlagState.UNSENT: accidents.KILLED_AND_RUN_AGAIN(),
        FlagState.SENT: accidents.FILE_LOST(),
    },
    (StatusFileState.SENT, RowState.NONE): {
        FlagState.UNSENT: accidents.PURGED_OR_EXPORTED(),
        FlagState.SENT: accidents.PURGED_SINCE(),
    },
    (StatusFileState.SENT, RowState.PENDING): {
        FlagState.UNSENT: accidents.KILLED_BEFORE_CSV(),
    },
    (StatusFileState.SENT, RowState.COMPLETED): {FlagState.UNSENT: accidents.KILLED_OR_EXPORTED()},
    (StatusFileState.SENT, RowState.MIXED): {FlagState.UNSENT: accidents.KILLED_OR_EXPORTED()},
}
"""The accident of a state by what its flag says; none is needed for the others."""
