"""Takes packed worlds through the real commands, and counts at the desk after each leg.

What must hold at rest, of every message that is due: it arrived once, or a person was asked about it.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field

from legacy_desk import LOST
from legacy_model import CUT, State
from legacy_packing import Block, Packed
from legacy_run import LegacyRun
from legacy_world import LegacyWorld
from notifykit_migration.archive.archive import archived
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.legacy.log import read_log
from notifykit_migration.model import MessageTreatment, Options, Plan, Stopped, Treatment
from notifykit_migration.plan.make import make_plan

HELD = ("in_doubt", "failed", "sending")

DONE, WITH_HOLDS = 0, 3

Key = tuple[str, str]
"""(key of a contract, message)."""


@dataclass
class Tally:
    """What was counted, over many worlds."""

    states: int = 0
    contracts: int = 0
    duplicates: int = 0
    lost: int = 0
    cells: Counter[str] = field(default_factory=Counter)
    """Contracts by cell of the decision table."""
    holds: Counter[str] = field(default_factory=Counter)
    """Held messages by cell."""
    inherited: Counter[str] = field(default_factory=Counter)
    """Duplicates that no migration can see coming, because what would tell was deleted: by reason."""
    wrong: list[str] = field(default_factory=list)
    """Everything that is not as it must be, in words."""

    def __str__(self) -> str:
        """Return the figures, a line for each cell."""
        head = (
            f"{self.states} states, {self.contracts} contracts: {self.duplicates} duplicates, {self.lost} lost, "
            f"{self.holds.total()} messages held"
        )
        cells = (f"  {cell:28}{n:7} contracts{self.holds[cell]:7} held" for cell, n in sorted(self.cells.items()))
        old = (f"  not counted, the old program's own: {n} x {why}" for why, n in sorted(self.inherited.items()))
        return "\n".join([head, *old, *cells])


def inherited(state: State, contract: int, message: str) -> str | None:
    """Say why a duplicate is the old program's own: it made the message twice, and what tells of one is gone."""
    rows = [row for row in state.rows if (row.contract, row.message) == (contract, message)]
    if dict(state.csv).get(contract, CUT) == CUT:
        return "its CSV row is gone, so its rows are left to the old program" if rows else None
    untold = (contract, message) in state.delivered and not any(row.done or row.tries for row in rows)
    return "it was made twice, and the row that was sent is deleted" if state.purged and rows and untold else None


class Journey:
    """One packed world on its way."""

    def __init__(self, packed: Packed, tally: Tally) -> None:
        self.packed = packed
        self.world: LegacyWorld = packed.world
        self.tally = tally
        self.expectations = packed.expectations()
        self._inherited: set[Key] = set()
        self._resumed: set[Key] = set()
        """What a rollback put back as it was: the old program does what it would have done without the migration."""
        tally.states += len(packed.blocks)
        tally.contracts += len(self.expectations)

    # Legs.

    def plan_as_expected(self) -> None:
        """Compare every decision of the plan with the oracle's, and count."""
        plan = self._plan()
        decided = {contract.key: contract for contract in plan.campaigns[0].contracts}
        for key, (block, _, said) in self.expectations.items():
            wanted = [(name, word, None if row is None else block.ids[row]) for name, word, row in said.decisions]
            got = [_shown(item) for item in decided[key].decisions] if key in decided else []
            self.tally.cells[said.cell] += 1
            self.tally.holds[said.cell] += sum(word == "H" for _, word, _ in wanted)
            if sorted(wanted, key=str) != sorted(got, key=str):
                self._wrong(block, f"{said.cell}: expected {wanted}, planned {got}")
        if unknown := decided.keys() - self.expectations.keys():
            self.tally.wrong.append(f"planned, though no file knows them: {unknown}")

    def migrate(self) -> None:
        """Migrate, and compare what is held with the oracle's holds."""
        self._command("migrate", "--yes", *self.packed.options)
        wanted = {(key, name) for key, (_, _, said) in self.expectations.items() for name in said.of("H")}
        self._compare("held after the migration", self._in_outbox(*HELD), wanted)

    def migrate_again(self) -> None:
        """Migrate after a rollback: what was held is held, and nothing else but what the desk left unknown."""
        before = self.held()
        self._command("migrate", "--yes", "--stopped", "idle")
        # CSV rows that were gone may be back, and cut ones whole: their tasks can be told now.
        told = {
            key
            for key, (block, contract, _) in self.expectations.items()
            if dict(block.state.csv).get(contract, CUT) == CUT
        }
        after = self._in_outbox(*HELD) | {(key, message) for key, message in before if key in told}
        # What the old program may make anew is either its own by now, or not due any more and held as before.
        self._compare("held after migrating again", after - self._resumed, before - self._resumed)

    def work(self, *, rest: bool = True) -> None:
        """Let notifykit generate, send and write back."""
        self._command("run", "--once")
        if rest:
            self.at_rest("notifykit")

    def lost_rows_come_back(self) -> None:
        """Let the old job append the rows that the CSV file lacks, as if they were new: what is held stays held."""
        lost = [
            (block, contract)
            for block, contract, _ in self.expectations.values()
            if contract not in dict(block.state.csv)
        ]
        messages = [block.message(contract, name) for block, contract in lost for name in block.model.due(contract)]
        before = self.world.delivered
        self.world.append(*(block.contracts[contract] for block, contract in lost))
        self.work()
        after = self.world.delivered
        self.tally.duplicates += (more := sum(after[message] - before[message] for message in messages))
        if more:
            self.tally.wrong.append(f"{more} messages were made anew when their CSV rows came back")

    def rollback(self) -> None:
        before = self._in_outbox(*HELD)
        self._command("rollback", "--yes")
        kept = archived(MigrationFolder.of(self.world.folder))
        assert kept is not None
        resumed = {(hold.key, hold.message) for hold in kept.resumed()}
        self._compare("held after the rollback", self.held(), before - resumed)
        self._resumed |= resumed

    def legacy(self) -> None:
        """Let the old program do its whole work: it makes and sends everything that it takes for unsent."""
        run = LegacyRun(self.world)
        run.generate()
        run.schedule()
        self.at_rest("the old program")

    # What is true.

    def held(self) -> set[Key]:
        """The messages that a person was asked about: in the outbox, or in the newest archive after a rollback."""
        if self._is_outbox():
            return self._in_outbox(*HELD)
        before = archived(MigrationFolder.of(self.world.folder))
        removed = before.removed if before else ()
        held = {(item.task.key, item.task.name) for item in removed if item.status.value in HELD}
        return held - ({(hold.key, hold.message) for hold in before.resumed()} if before else set())

    def at_rest(self, after: str) -> None:
        """Count: each message that is due arrived once, or is held."""
        held = self.held()
        taken = self.world.delivered
        for key, (block, contract, _) in self.expectations.items():
            for message in block.model.due(contract):
                before = (contract, message) in block.state.delivered
                since = taken[block.message(contract, message)]
                if since and before + since > 1:
                    if why := self._inherits(block.state, key, contract, message):
                        self.tally.inherited[why] += (key, message) not in self._inherited
                        self._inherited.add((key, message))
                        continue
                    self.tally.duplicates += before + since - 1
                    self._wrong(
                        block, f"after {after}: {message} of contract {contract} arrived {before}+{since} times"
                    )
                if not before and not since and (key, message) not in held:
                    self.tally.lost += 1
                    self._wrong(block, f"after {after}: {message} of contract {contract} is lost")

    # Small things.

    def _inherits(self, state: State, key: str, contract: int, message: str) -> str | None:
        if (key, message) in self._resumed and (contract, message) in state.delivered:
            return "it was held, nobody touched it, and it was put back as it was"
        return inherited(state, contract, message)

    def _plan(self) -> Plan:
        evidence = self.packed.evidence
        log = read_log(self.world.folder / "logs" / "legacy.log") if evidence.log else None
        project = self.world.opened()
        stopped = Stopped.IDLE if evidence.idle else Stopped.UNKNOWN
        return make_plan(project, Options(stopped=stopped), now=project.clock.now(), log=log)

    def _command(self, *arguments: str) -> None:
        result = self.world.run(*arguments)
        if result.exit_code not in (DONE, WITH_HOLDS):
            raise AssertionError(f"{' '.join(arguments)}: exit {result.exit_code}\n{result.output[-3000:]}")

    def _in_outbox(self, *statuses: str) -> set[Key]:
        with closing(sqlite3.connect(self.world.store)) as db:
            marks = ", ".join("?" * len(statuses))
            found = db.execute(
                f"SELECT record_key, message_name FROM tasks WHERE campaign IS NOT NULL AND status IN ({marks})",
                statuses,
            )
            return {(key, message) for key, message in found}

    def _is_outbox(self) -> bool:
        with closing(sqlite3.connect(self.world.store)) as db:
            return any(row[1] == "campaign" for row in db.execute("PRAGMA table_info(tasks)"))

    def _compare(self, what: str, got: set[Key], wanted: set[Key]) -> None:
        for more, keys in (("too many", got - wanted), ("missing", wanted - got)):
            for key, message in sorted(keys):
                block = self.expectations[key][0] if key in self.expectations else None
                self._wrong(block, f"{what}: {more}: {message} of {key}")

    def _wrong(self, block: Block | None, what: str) -> None:
        self.tally.wrong.append(f"{what}; {block.state if block else ''}")


def _shown(item: MessageTreatment) -> tuple[str, str, int | None]:
    word = "X" if item.decision is Treatment.CANCEL else item.decision.value
    return item.message, word, item.row


__all__ = ["LOST", "Journey", "Tally"]
