"""The decision table of the migration once more, written as it is told, to count decisions against.

It knows nothing of the code under test: it reads states of `legacy_model`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from legacy_model import AWARD, CUT, GROUP, SENT, Model, Row, State

# JSON / rows: (flag N, flag Y, another flag or no row). A and S are per row; C, G and H say what a message without a
# row gets: made, left to the next generation, or held.
TABLE = {
    ("absent", "none"): ("G", "H", "H"),
    ("absent", "pending"): ("A+C", "A+H", "H"),
    ("absent", "completed"): ("S+C", "S+H", "S+H"),
    ("absent", "mixed"): ("X+C", "X+H", "X+H"),
    ("sent", "none"): ("H", "H", "H"),
    ("sent", "pending"): ("A+H", "A+H", "H"),
    ("sent", "completed"): ("S+H", "S+H", "S+H"),
    ("sent", "mixed"): ("X+H", "X+H", "X+H"),
    ("other", "none"): ("H", "H", "H"),
    ("other", "pending"): ("A+H", "A+H", "H"),
    ("other", "completed"): ("S+H", "S+H", "S+H"),
    ("other", "mixed"): ("X+H", "X+H", "X+H"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of attempts, and chosen by the person who migrates."""

    log: bool = False
    idle: bool = False
    stale: bool = False
    """Every pending row is too old."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the table says about one contract."""

    cell: str
    """As `sent / pending / Y`."""
    decisions: tuple[tuple[str, str, int | None], ...]
    """(message, decision, row), sorted; rows by the ids of the model."""

    def of(self, decision: str) -> set[str]:
        """The messages that got this decision."""
        return {message for message, got, _ in self.decisions if got == decision}


def expected(model: Model, state: State, contract: int, evidence: Evidence) -> Expected | None:
    """Return what the table says about a contract; None where neither CSV nor JSON knows it."""
    flags = dict(state.csv)
    words = dict(state.json or ())
    flag = flags.get(contract)
    if flag is None and contract not in words:
        return None
    legible = flag is not None and flag != CUT
    # The number that stands in the texts comes from the CSV row.
    rows = [row for row in state.rows if row.contract == contract] if legible else []
    json = _json(words.get(contract), torn=state.torn, known=bool(rows) or state.purged)
    together = _together(rows)
    column = ("N", "Y").index(flag) if flag in ("N", "Y") else 2
    cell = TABLE[json, together][column]
    required = model.due(contract) if legible else (GROUP, AWARD)
    found: list[tuple[str, str, int | None]] = []
    for message in (GROUP, AWARD):
        mine = [row for row in rows if row.message == message]
        if mine:
            found += _of_rows(state, mine, evidence, hold=cell == "H" or column == 2)
        elif message in required:
            rest = cell[-1]
            found.append((message, "H" if rest in "GC" and state.purged else rest, None))
    shown = "missing" if flag is None else flag if flag in ("N", "Y") else "other"
    return Expected(f"{json} / {together} / {shown}", tuple(sorted(found, key=str)))


def _json(word: str | None, *, torn: bool, known: bool) -> str:
    if word is not None:
        return "sent" if word == SENT else "other"
    # Behind a tear anything may have stood, but only of what has rows, or had some.
    return "other" if torn and known else "absent"


def _together(rows: list[Row]) -> str:
    done = [row.done for row in rows]
    if not done:
        return "none"
    return "completed" if all(done) else "mixed" if any(done) else "pending"


def _of_rows(state: State, rows: list[Row], evidence: Evidence, *, hold: bool) -> Iterator[tuple[str, str, int | None]]:
    """Rows of one message: they are twins, since texts come from the same CSV row."""
    settled = any(row.done for row in rows)
    for row in rows:
        if row.done:
            yield row.message, "S", row.id
        elif settled:
            yield row.message, "X", row.id
        else:
            settled = True
            never = _never_tried(state, row, evidence) and not evidence.stale and not hold
            yield row.message, "A" if never else "H", row.id


def _never_tried(state: State, row: Row, evidence: Evidence) -> bool:
    if evidence.log:
        return not row.tries
    tail = state.tail
    return row in tail and (evidence.idle or row != tail[0])
