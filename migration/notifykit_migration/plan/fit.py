"""How well each campaign fits what the old program left: rows, keys and texts.

A campaign that is described wrongly finds its rows nowhere, and everything would look as if it had been purged.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import zip_longest

from notifykit.campaign.campaign import MessagePlan
from notifykit.errors import NotifykitError
from notifykit.model import Record
from notifykit.wording import Reason
from notifykit.wording.translation import gettext
from notifykit_migration.errors import PreflightError
from notifykit_migration.legacy.contracts import Contract, Pair, Retiring, records
from notifykit_migration.legacy.numbers import Numbers, naming_cells
from notifykit_migration.legacy.task_table import read_row_texts
from notifykit_migration.model import FlagState, Plan
from notifykit_migration.plan.match import MatchedRow, Matches, by_message
from notifykit_migration.wording import fit as told

FEW = 5
"""Fewer contracts, keys or rows prove nothing."""

LOOKED = 50
"""Contracts or rows that are looked at to tell what is wrong."""

ALIKE = 0.6
"""Two texts are of one message, with this share of them the same."""

SHOWN = 40
"""Characters that are shown of a text from where it differs."""

_words = re.compile(r"\w+|\s+|[^\w\s]").findall


def require_fit(plan: Plan) -> None:
    """Raise PreflightError where a campaign is described wrongly and the person did not say to go on."""
    wrong = [reason for reason in plan.fit if reason.code in told.MISFITS]
    if not wrong or plan.options.fit_anyway:
        return
    raise PreflightError(
        gettext(
            "a campaign does not fit what the old program left, and its messages would be held for want of their rows"
        ),
        mend=gettext(
            "correct the campaign, and plan again; `notifykit migrate --dry-run --explain-fit` shows all; where the "
            "description is right, say --fit-anyway"
        ),
        more=[f"  {reason}" for reason in plan.fit if reason.code in told.MISFITS | told.TORN],
    )


@dataclass(slots=True)
class Fit:
    """Compares one campaign with what is there; after the rows were matched, and before they are decided about."""

    at: int
    """Position of the campaign."""
    world: Retiring
    found: Matches
    connection: sqlite3.Connection | None
    """None where there is no table."""
    names: tuple[str, str]
    """What plans call the CSV file and the send-status file."""
    _rows: dict[str, list[MatchedRow]] = field(init=False)
    """By contract."""

    def __post_init__(self) -> None:
        self._rows = {key: rows for (at, key), rows in self.found.rows.items() if at == self.at}

    def reasons(self, *, every: bool) -> list[Reason]:
        """Say how well it fits; what the old job should mend comes first. `every`: compare all texts."""
        better = self._better_key()
        compared, differing = self._texts(every=every)
        explained = sum(map(len, self._rows.values()))
        elsewhere = {id_ for (at, _), rows in self.found.elsewhere.items() if at == self.at for id_, _ in rows}
        words = self.world.status.words
        fits = told.FITS(
            campaign=self.world.campaign.name,
            explained=explained,
            named=explained + len(elsewhere),
            known=len(words) - len(self._unknown),
            keys=len(words),
            column=self.world.keeper.flag_words.key,
            compared=compared,
            texts=explained,
            same=compared - len(differing),
        )
        wrong = [*better, *self._other_word(), *self._other_addresses(), *self._other_number(explained)]
        return [*([] if better else self._torn()), fits, *wrong, *(differing if every else _first_of_each(differing))]

    @property
    def _unknown(self) -> list[str]:
        """Keys of the send-status file without a row in the CSV file."""
        world = self.world
        return [key for key in world.status.words if key not in world.contracts and key not in world.broken]

    def _torn(self) -> Iterator[Reason]:
        name, (file, status_file) = self.world.campaign.name, self.names
        missing, keys = len(self._unknown), len(self.world.status.words)
        if self.world.cut:
            yield told.CSV_CUT(campaign=name, file=file)
        elif missing >= FEW and missing * 10 > keys:
            yield told.CSV_SHORT(campaign=name, file=file, missing=missing, keys=keys, status_file=status_file)

    def _better_key(self) -> list[Reason]:
        """Find the column that has the keys of the send-status file, where that of the keys has few of them."""
        words = self.world.status.words
        known = len(words) - len(self._unknown)
        if len(words) < FEW or known * 2 >= len(words):
            return []
        there: dict[str, set[str]] = defaultdict(set)
        for record in _all_records(self.world):
            for column, cell in record.items():
                if cell in words:
                    there[column].add(cell)
        better = max(there, key=lambda column: len(there[column]), default=None)
        if better is None or len(there[better]) <= max(known * 2, FEW):
            return []
        return [
            told.OTHER_KEY(
                campaign=self.world.campaign.name,
                known=known,
                keys=len(words),
                column=self.world.keeper.flag_words.key,
                there=len(there[better]),
                better=better,
            )
        ]

    def _other_word(self) -> Iterator[Reason]:
        """Find the word that the send-status file has, where none of its values is the one that means *sent*."""
        values = [value for value in self.world.status.words.values() if isinstance(value, str)]
        described = self.world.state.sent_word
        if len(values) < FEW or described in values:
            return
        ((word, there),) = Counter(values).most_common(1)
        yield told.OTHER_SENT_WORD(
            campaign=self.world.campaign.name, keys=len(values), described=described, there=there, word=word
        )

    def _other_addresses(self) -> Iterator[Reason]:
        """Find messages whose rows are there, and go to others than their campaign says."""
        for number, plan in enumerate(self.world.campaign.messages):
            lacking = [
                contract
                for (at, key), _ in self.found.elsewhere.items()
                if at == self.at
                and self._begun(contract := self.world.contracts[key])
                and plan.name in contract.required
                and not self._has(key, plan.name)
            ]
            explained = sum(self._has(key, plan.name) for key in self._rows)
            if len(lacking) >= FEW and len(lacking) > explained:
                yield from self._address(plan, number, lacking, any_text=not explained)

    def _has(self, key: str, message: str) -> bool:
        """Whether there are rows of a message of a contract."""
        return any(row.message == message for row in self._rows.get(key, ()))

    def _begun(self, contract: Contract) -> bool:
        """Whether the old job made rows of a contract, by what its files say."""
        return contract.key in self.world.status.words or contract.column is FlagState.SENT

    def _address(
        self, plan: MessagePlan, number: int, lacking: Sequence[Contract], *, any_text: bool
    ) -> Iterator[Reason]:
        """Tell where the rows of a message go: those like its texts; with `any_text`, those of its kind, too."""
        looked = {contract.key: contract for contract in lacking[:LOOKED]}
        rows = {key: self.found.elsewhere[self.at, key] for key in looked}
        texts = self._row_texts(id_ for key in rows for id_, _ in rows[key])
        seen: Counter[Pair] = Counter()
        first: dict[Pair, tuple[str, int]] = {}
        for record in records(self.world, looked):
            text = self._rendered(plan, record)
            own = looked[record.key].number
            likeness = {row: _likeness(texts[row[0]], text, own) for row in rows[record.key]}
            id_, pair = max(likeness, key=lambda row: likeness[row])
            alike = likeness[id_, pair] >= ALIKE
            if alike or (any_text and pair[0] == plan.task_type):
                seen[pair] += 1
                first.setdefault(pair, (record.key, id_))
        if seen.total() * 2 <= len(looked):
            return
        ((kind, recipient), _) = seen.most_common(1)[0]
        key, id_ = first[kind, recipient]
        described_kind, described = looked[key].pairs[number] if looked[key].pairs else (plan.task_type, "")
        yield told.OTHER_ADDRESS(
            campaign=self.world.campaign.name,
            message=plan.name,
            contracts=len(lacking),
            recipient=recipient,
            kind=kind,
            described=described,
            described_kind=described_kind,
            key=key,
            row=id_,
        )

    def _other_number(self, explained: int) -> Iterator[Reason]:
        """Find the column that stands in the texts of the old rows, where that of the numbers does not."""
        unnamed = self.found.unnamed.get(self.at, [])
        if len(unnamed) < FEW or len(unnamed) <= explained:
            return
        texts = self._row_texts(_spread(unnamed, LOOKED))
        keys = dict(naming_cells(_all_records(self.world)))
        named: dict[str, dict[str, str]] = {}  # column to text to key
        for column, cells in keys.items():
            numbers = Numbers(cells)
            hits = ((text, numbers.found_in(text)) for text in texts.values())
            named[column] = {text: cells[found.pop()] for text, found in hits if len(found) == 1}
        better = max(named, key=lambda column: (len(named[column]), max(map(len, keys[column]))), default="")
        best = named.get(better, {})
        made = {
            record.key: (str(record[better]), [self._rendered(plan, record) for plan in self.world.campaign.messages])
            for record in records(self.world, best.values())
        }
        alike = 0
        for text, key in best.items():
            number, ours = made[key]
            alike += any(_likeness(text, one, number) >= ALIKE for one in ours)
        if alike * 2 > len(texts):
            yield told.OTHER_NUMBER(
                campaign=self.world.campaign.name,
                rows=len(unnamed),
                column=self.world.state.number or "",
                found=alike,
                looked=len(texts),
                better=better,
            )

    def _texts(self, *, every: bool) -> tuple[int, list[Reason]]:
        """Compare the texts of rows with what the campaign makes: how many, and those that differ."""
        compared = 0
        differing: list[tuple[MessagePlan, Record, MatchedRow]] = []
        for record in records(self.world, self._rows) if every else self.world.sample:
            contract = self.world.contracts.get(record.key)
            if contract is None or contract.line != record.row:
                continue
            for message, rows in by_message(self._rows.get(record.key, ())).items():
                plan = self.world.campaign.message(message)
                if plan is None:
                    continue
                text = self._rendered(plan, record)
                recipient = contract.pairs[self.world.campaign.messages.index(plan)][1] if contract.pairs else ""
                compared += len(rows)
                differing += [(plan, record, row) for row in rows if row.text != hash((recipient, text))]
        texts = self._row_texts(row.id for _, _, row in differing)
        return compared, [
            reason
            for plan, record, row in differing
            for reason in self._difference(plan, record, row.id, texts[row.id])
        ]

    def _difference(self, plan: MessagePlan, record: Record, row: int, old: str) -> Iterator[Reason]:
        new = self._rendered(plan, record)
        if old.strip() == new.strip():
            return
        words, others = _words(old.strip()), _words(new.strip())
        at = next(at for at, (word, other) in enumerate(zip_longest(words, others)) if word != other)
        yield told.TEXT_DIFFERS(
            campaign=self.world.campaign.name,
            message=plan.name,
            key=record.key,
            row=row,
            old=_beginning(words[at:]),
            new=_beginning(others[at:]),
        )

    def _rendered(self, plan: MessagePlan, record: Record) -> str:
        """Return the text that the campaign makes; where it makes none, why."""
        try:
            return plan.text(record)
        except NotifykitError as error:
            return self.world.named(error)

    def _row_texts(self, ids: Iterable[int]) -> dict[int, str]:
        return read_row_texts(self.connection, list(ids)) if self.connection is not None else {}


def _all_records(world: Retiring) -> Iterator[Record]:
    return (item for item in world.campaign.records() if isinstance(item, Record))


def _first_of_each(differing: Iterable[Reason]) -> list[Reason]:
    """Return the first difference of each message."""
    return list({reason.params["message"]: reason for reason in reversed(list(differing))}.values())


def _spread(ids: Sequence[int], many: int) -> Sequence[int]:
    return ids[:: max(1, len(ids) // many)][:many]


def _likeness(one: str, other: str, number: str) -> float:
    """Return how much of two texts is the same, from 0 to 1; the number of their contract, which is long, left out."""
    return SequenceMatcher(None, one.replace(number, ""), other.replace(number, ""), autojunk=False).ratio()


def _beginning(words: Sequence[str]) -> str:
    text = "".join(words)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
