"""Decides about every contract of one campaign, from what was matched and what is remembered."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from notifykit.errors import NotifykitError
from notifykit.model import Record
from notifykit.wording import Reason
from notifykit.wording.translation import untranslated
from notifykit_migration.legacy import task_table as rows
from notifykit_migration.legacy.contracts import Contract, Retiring, records
from notifykit_migration.model import (
    Attempt,
    CampaignPlan,
    ContractPlan,
    FlagState,
    MessageTreatment,
    Options,
    Row,
    StatusFileState,
    Treatment,
)
from notifykit_migration.plan import decision_table as table
from notifykit_migration.plan.match import MatchedRow, Matches, Place, by_message
from notifykit_migration.plan.remembering import Memory
from notifykit_migration.wording import holds, proven, warnings

DAY = 86_400.0

PROBLEMS = 20
"""Rows that cannot be used, which are told of one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decider:
    """Decides about the contracts of one campaign."""

    at: int
    """Position of the campaign."""
    world: Retiring
    found: Matches
    attempts: rows.Attempts
    owned: rows.Owned
    memory: Memory
    purged: Reason | None
    """By what it is seen that rows were deleted; None where none were."""
    options: Options
    now: float
    csv_file: str
    """As people and plans see it, as the next."""
    status_file: str

    def campaign_plan(self) -> CampaignPlan:
        """Return what becomes of the campaign. What was read of its contracts is used up."""
        world = self.world
        pairs = dict.fromkeys(pair for contract in world.contracts.values() for pair in contract.pairs)
        contracts = self._with_texts([self._contract(key) for key in list(self._keys())])
        return CampaignPlan(
            campaign=world.campaign.name,
            status_file=self.status_file,
            csv_file=self.csv_file,
            sent_word=world.state.sent_word,
            contracts=tuple(contracts),
            pairs=tuple(pairs),
            json_torn=world.status.torn,
        )

    def warnings(self) -> Iterator[Reason]:
        """Yield what a person should know of this campaign's files."""
        name = self.world.campaign.name
        if self.world.status.torn:
            file, keys = str(self.world.state.status_file), len(self.world.status.words)
            yield warnings.FILE_TORN(campaign=name, file=file, keys=keys)
        flag_file = self.world.keeper.flag_file
        if (lock := _opened_by(flag_file)) is not None:
            yield warnings.OPEN_ELSEWHERE(campaign=name, file=flag_file.name, lock=lock.name)
        for problem in self.world.problems[:PROBLEMS]:
            yield warnings.UNUSABLE_ROW(campaign=name, problem=problem)
        if (more := len(self.world.problems) - PROBLEMS) > 0:
            yield warnings.UNUSABLE_ROWS(campaign=name, rows=more)

    def _keys(self) -> Iterator[str]:
        """Yield every key that any of the old states knows."""
        yield from self.world.contracts
        others = {**dict.fromkeys(self.world.broken), **dict.fromkeys(map(str, self.world.status.words))}
        yield from (key for key in others if key not in self.world.contracts)

    def _contract(self, key: str) -> ContractPlan:
        # Each is asked for once, and there are many.
        contract = self.world.contracts.pop(key, None)
        place = (self.at, key)
        matched = by_message(self.found.rows.pop(place, ()))
        gone = self._gone(place, matched)
        for message, round_, row in gone.values():
            matched.setdefault(message, []).append(MatchedRow.of(row, message, round_))
        fact = self._fact(key, contract, matched)
        together = fact.together()
        decisions = [
            *table.decide(fact, table.Choices(historic=self.options.historic, raised=self.options.raised)),
            *(
                MessageTreatment(
                    message=f"row-{row.id}", decision=Treatment.HOLD, row=row.id, why=self.found.doubts[place]
                )
                for row in self.found.strange.get(place, ())
            ),
        ]
        anew = self.found.anew.get(place, ())
        decisions = self.memory.decisions(self.world.campaign.name, key, decisions, anew)
        set_flag = fact.column is FlagState.UNSENT and _all_sent(decisions)
        decisions = [_without_row(item, gone) for item in decisions]
        youngest = max((row.created_at for rows_ in matched.values() for row in rows_), default=None)
        written = rows.epoch(youngest, self.options.timezone) if youngest else None
        return ContractPlan(
            key=key,
            number=contract.number if contract else None,
            json=fact.json,
            rows=together,
            column=fact.column,
            decisions=tuple(decisions),
            crash=table.crash_of(fact.json, together, fact.column),
            age=self.now - written if written is not None else None,
            set_flag=set_flag,
            place=f"{self.csv_file}:{contract.line}" if contract else None,
        )

    def _gone(self, place: Place, matched: Mapping[str, Sequence[MatchedRow]]) -> dict[int, tuple[str, int, Row]]:
        """Return the sent messages of before a rollback whose rows were deleted since, by these rows' ids.

        They are decided about as if the rows were there. A row that somebody edited is there, as what it says now.
        """
        there = {row.id for rows_ in matched.values() for row in rows_}
        owned = self.owned.get((self.world.campaign.name, place[1]), {})
        return {
            row.id: (message, round_, row)
            for message, round_, row in self.found.gone.pop(place, ())
            if row.id not in there and message not in owned
        }

    def _fact(self, key: str, contract: Contract | None, matched: dict[str, list[MatchedRow]]) -> table.ContractFact:
        column = contract.column if contract else FlagState.OTHER if key in self.world.broken else FlagState.MISSING
        names = [plan.name for plan in self.world.campaign.messages]
        required = contract.required if contract else tuple(names)
        owned = self.owned.get((self.world.campaign.name, key), {})
        return table.ContractFact(
            json=self._json(key, bool(matched)),
            column=column,
            messages=[
                table.MessageFact(
                    name=name,
                    required=name in required,
                    rows=[self._row(row) for row in matched.get(name, ())],
                    owned=owned.get(name, 0),
                )
                for name in dict.fromkeys((*names, *matched))
            ],
            doubt=(contract.doubt if contract else None) or self.found.doubts.get((self.at, key)),
            purged=self.purged is not None,
        )

    def _json(self, key: str, rows_there: bool) -> StatusFileState:
        status = self.world.status
        if key in status.words:
            return StatusFileState.SENT if status.words[key] == self.world.state.sent_word else StatusFileState.OTHER
        if status.torn and (rows_there or self.purged is not None):
            return StatusFileState.OTHER  # it may have stood behind the tear; without a row it was never begun
        return StatusFileState.ABSENT

    def _row(self, row: MatchedRow) -> table.RowFact:
        attempt = Attempt.NEVER
        evidence: Reason | None = None
        stale: Reason | None = None
        if row.status == "pending":
            attempt, evidence = self.attempts.of(row.id, row.created_at, row.task_type, planned=row.planned)
            created = rows.epoch(row.created_at, self.options.timezone)
            age = None if created is None else self.now - created
            if age is None:
                stale = holds.UNREADABLE_TIME(time=row.created_at)
            elif age > self.options.max_age:
                stale = holds.STALE(since=row.created_at, days=self.options.max_age / DAY)
        return table.RowFact(
            id=row.id,
            status=row.status,
            text=row.text,
            attempt=attempt,
            evidence=evidence,
            stale=stale,
            round=row.round,
        )

    def _with_texts(self, contracts: Sequence[ContractPlan]) -> list[ContractPlan]:
        """Render the messages that get a row of their own."""
        wanted = [contract.key for contract in contracts if any(map(_needs_text, contract.decisions))]
        rendered = {record.key: record for record in records(self.world, wanted)} if wanted else {}
        found = []
        for contract in contracts:
            record = rendered.get(contract.key)
            if record is None:
                found.append(contract)
                continue
            decisions = tuple(
                self._rendered(record, item) if _needs_text(item) else item for item in contract.decisions
            )
            found.append(replace(contract, decisions=decisions))
        return found

    def _rendered(self, record: Record, item: MessageTreatment) -> MessageTreatment:
        plan = self.world.campaign.message(item.message)
        assert plan is not None  # noqa: S101 - only messages of the campaign lack a row
        try:
            with untranslated():  # a plan is the same in every language
                text, recipient = plan.text(record), sys.intern(plan.recipient(record))
        except NotifykitError as error:
            why = holds.NO_TEXT(cause=item.why, error=self.world.named(error))
            return replace(item, decision=Treatment.HOLD, why=why)
        limit = plan.channel.max_bytes
        if item.decision is Treatment.CREATE and limit is not None and (size := len(text.encode())) > limit:
            why = holds.TOO_LONG(cause=item.why, bytes=size, channel=plan.channel.name, limit=limit)
            return replace(item, decision=Treatment.HOLD, why=why, recipient=recipient, text=text)
        return replace(item, recipient=recipient, text=text)


def _without_row(item: MessageTreatment, gone: Mapping[int, tuple[str, int, Row]]) -> MessageTreatment:
    """Return what becomes of a message; of one that was sent and whose row is gone, a task without a row."""
    if item.row is None or (was := gone.get(item.row)) is None:
        return item
    _, _, row = was
    why = proven.SENT_BEFORE_ROLLBACK(row=row.id)
    return replace(item, decision=Treatment.ASSUME, why=why, row=None, recipient=row.recipient, text=row.text)


def _needs_text(item: MessageTreatment) -> bool:
    return item.row is None and item.text is None and item.decision not in (Treatment.GENERATE, Treatment.OWNED)


def _all_sent(decisions: Collection[MessageTreatment]) -> bool:
    fine = (Treatment.SENT, Treatment.CANCEL, Treatment.ASSUME)
    return any(item.decision is Treatment.SENT for item in decisions) and all(
        item.decision in fine for item in decisions
    )


def _opened_by(path: Path) -> Path | None:
    """Return the lock file that tells that a spreadsheet program has a file open."""
    locks = (path.with_name(f"~${path.name}"), path.with_name(f".~lock.{path.name}#"))
    return next((lock for lock in locks if lock.exists()), None)
