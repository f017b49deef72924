"""Matches the rows of the old task table to contracts and their messages."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from notifykit.errors import NotifykitError
from notifykit.wording import Reason
from notifykit_migration.archive.archive import Identity
from notifykit_migration.archive.archives import Archives
from notifykit_migration.legacy.contracts import Contract, Pair, Retiring, records
from notifykit_migration.legacy.numbers import Numbers
from notifykit_migration.legacy.task_table import contract_named
from notifykit_migration.model import Row
from notifykit_migration.wording import holds

Place = tuple[int, str]
"""(position of the campaign, key)."""


class MatchedRow(NamedTuple):
    """What is kept of a row that was matched: there are many, and their texts are long."""

    message: str
    """As which it was matched."""
    id: int
    task_type: str
    status: str
    created_at: str
    planned: bool
    """It has metadata: a program made it that was changed by the published plan."""
    text: int
    """A hash of recipient and text."""
    round: int | None
    """Of the task that it was before a rollback; None where it was none."""

    @classmethod
    def of(cls, row: Row, message: str, round_: int | None) -> MatchedRow:
        """Keep what matters of a row."""
        return cls(
            sys.intern(message),
            row.id,
            sys.intern(row.task_type),
            sys.intern(row.status),
            sys.intern(row.created_at),
            row.metadata is not None,
            hash((row.recipient, row.text)),
            round_,
        )


def by_message(rows: Iterable[MatchedRow]) -> dict[str, list[MatchedRow]]:
    """Return the rows of a contract by the messages as which they were matched."""
    found: dict[str, list[MatchedRow]] = {}
    for row in rows:
        found.setdefault(row.message, []).append(row)
    return found


@dataclass(slots=True)
class Matches:
    """What was matched."""

    rows: dict[Place, list[MatchedRow]] = field(default_factory=dict)
    """Rows by contract."""
    strange: dict[Place, list[Row]] = field(default_factory=lambda: defaultdict(list))
    """Pending rows that name a contract, and are none of its messages for certain."""
    doubts: dict[Place, Reason] = field(default_factory=dict)
    """Contracts whose rows cannot be told for certain."""
    orphans: list[int] = field(default_factory=list)
    """Pending rows that match nothing."""
    others: int = 0
    """Rows of other jobs, pending or not."""
    fenced: set[Pair] = field(default_factory=set)
    """Kinds and recipients that other jobs write to as well as a campaign that is migrated."""
    elsewhere: dict[Place, list[tuple[int, Pair]]] = field(default_factory=dict)
    """Rows that name this contract alone, and go to whom its campaign never writes: id, kind and recipient."""
    unnamed: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    """By position of the campaign: rows to its recipients that name none of its contracts for certain."""
    anew: dict[Place, set[str]] = field(default_factory=dict)
    """After a rollback: messages with rows that it did not leave."""

    gone: dict[Place, list[tuple[str, int, Row]]] = field(default_factory=lambda: defaultdict(list))
    """After a rollback: messages that were sent, with their rounds and the rows that it left and somebody deleted."""

    def knows(self, at: int, key: str) -> bool:
        """Whether any row may be of a contract."""
        place = (at, key)
        return place in self.rows or place in self.strange or place in self.doubts

    def add(self, row: Row, place: Place, message: str, round_: int | None = None) -> None:
        """Keep a row of a message."""
        found = MatchedRow.of(row, message, round_)
        if (known := self.rows.get(place)) is None:
            self.rows[place] = [found]
        else:
            known.append(found)


class Matcher:
    """Finds, for each row, the contract and the message that it is."""

    def __init__(self, worlds: Sequence[Retiring], archived: Archives) -> None:
        self._worlds = worlds
        self._archived = archived
        self._by_number: dict[str, list[Place]] = defaultdict(list)
        for at, world in enumerate(worlds):
            for contract in world.contracts.values():
                if contract.number:
                    self._by_number[contract.number].append((at, contract.key))
        self._numbers = Numbers(self._by_number)
        self._pairs: dict[Pair, dict[int, None]] = defaultdict(dict)
        """To the positions of the campaigns that write to them."""
        for at, world in enumerate(worlds):
            for contract in world.contracts.values():
                for pair in contract.pairs:
                    self._pairs[pair][at] = None
        self._positions = {world.campaign.name: at for at, world in enumerate(worlds)}
        self._alike: dict[Place, list[tuple[Row, list[str]]]] = defaultdict(list)
        self._left: set[Identity] = set()
        """Tasks of before a rollback whose rows are there."""
        self.found = Matches()

    def match(self, rows: Iterable[Row]) -> Matches:
        """Match every row."""
        for row in rows:
            if not (self._by_archive(row) or self._by_metadata(row)):
                self._by_text(row)
        for at, world in enumerate(self._worlds):
            self._compare(at, world)
        for was, row in self._archived.sent():
            if was not in self._left and was.campaign in self._positions:
                self.found.gone[self._positions[was.campaign], was.key].append((was.message, was.round, row))
        for place, reason in self._unusable():
            self.found.doubts.setdefault(place, reason)
        return self.found

    def contract(self, place: Place) -> Contract:
        """Return a contract."""
        at, key = place
        return self._worlds[at].contracts[key]

    def _unusable(self) -> Iterable[tuple[Place, Reason]]:
        for number in self._numbers.unusable:
            for place in self._by_number[number]:
                yield place, holds.UNUSABLE_NUMBER(number=number)

    def _by_archive(self, row: Row) -> bool:
        """Recognize a row that was a task of ours before a rollback."""
        if (was := self._archived.identity(row)) is None:
            return False
        if (at := self._positions.get(was.campaign)) is None:
            return False
        self._left.add(was)
        self.found.add(row, (at, was.key), was.message, was.round)
        return True

    def _by_metadata(self, row: Row) -> bool:
        """Recognize a row that names its contract, as those of a program do that was changed by the published plan.

        One that names none that may have had it, or several, is told by its text like all others.
        """
        if row.metadata is None or (key := contract_named(row.metadata)) is None:
            return False
        places = [(at, key) for at, world in enumerate(self._worlds) if key in world.contracts]
        pair = (row.task_type, row.recipient)
        fitting = [place for place in places if pair in self.contract(place).pairs]
        if len(fitting) == 1:
            self._attach(row, fitting[0])
        return len(fitting) == 1

    def _by_text(self, row: Row) -> None:
        numbers = self._numbers.found_in(row.text)
        places = list(chain.from_iterable(self._by_number[number] for number in numbers))
        pair = (row.task_type, row.recipient)
        fitting = [place for place in places if pair in self.contract(place).pairs]
        if not places or (len(numbers) > 1 and not fitting):
            # Names none of our contracts; or several, to somebody whom we never wrote to: a report.
            self.found.others += 1
            if pair in self._pairs:
                self.found.fenced.add(pair)
                self._unnamed(row, self._pairs[pair])
            if row.status == "pending":
                self.found.orphans.append(row.id)
        elif len(numbers) > 1:
            self._doubtful(row, places, holds.SEVERAL_CONTRACTS(row=row.id, contracts=len(numbers)))
        elif not fitting:
            self._doubtful(row, places, holds.UNKNOWN_RECIPIENT(row=row.id, recipient=row.recipient))
            for place in places:
                self.found.elsewhere.setdefault(place, []).append((row.id, pair))
        elif len(fitting) > 1:
            self._doubtful(row, fitting, holds.SAME_NUMBER(row=row.id, contracts=len(fitting)))
            self._unnamed(row, dict.fromkeys(at for at, _ in fitting))
        else:
            self._attach(row, fitting[0])

    def _unnamed(self, row: Row, campaigns: Iterable[int]) -> None:
        for at in campaigns:
            self.found.unnamed[at].append(row.id)

    def _attach(self, row: Row, place: Place) -> None:
        plans = self._worlds[place[0]].campaign.messages
        pairs = self.contract(place).pairs
        names = [plan.name for plan, pair in zip(plans, pairs, strict=True) if pair == (row.task_type, row.recipient)]
        if len(names) == 1:
            self._add(row, place, names[0])
        else:
            self._alike[place].append((row, names))

    def _add(self, row: Row, place: Place, message: str) -> None:
        self.found.add(row, place, message)
        if self._archived:
            self.found.anew.setdefault(place, set()).add(message)

    def _doubtful(self, row: Row, places: Sequence[Place], reason: Reason) -> None:
        for place in places:
            self.found.doubts.setdefault(place, reason)
        if row.status == "pending":
            self.found.strange[places[0]].append(row)

    def _compare(self, at: int, world: Retiring) -> None:
        """Tell messages of one recipient and kind apart by their texts."""
        keys = [key for position, key in self._alike if position == at]
        for record in records(world, keys):
            place = (at, record.key)
            for row, names in self._alike[place]:
                equal = []
                for plan in world.campaign.messages:
                    try:
                        if plan.name in names and plan.text(record).strip() == row.text.strip():
                            equal.append(plan.name)
                    except NotifykitError:
                        continue  # a text that cannot be rendered is not equal
                if len(equal) == 1:
                    self._add(row, place, equal[0])
                else:
                    self._doubtful(row, [place], holds.ANY_MESSAGE(row=row.id, messages=", ".join(names)))
