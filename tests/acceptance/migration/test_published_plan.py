"""A table that the published upgrade plan changed, in the states that its own program leaves, is taken as it is.

Each state is a real history: the old program, the plan's first step, and the plan's program, which is killed or fails
in between. Then `migrate`, `rollback`, `migrate`, a run, `rollback`, and the plan's program once more: every message
has arrived, or is held for a person.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from legacy_world import GROUP, SENT, LegacyWorld, Made
from notifykit_migration.archive.archive import all_archived
from notifykit_migration.journal.folder import MigrationFolder
from planned_program import FIRST_STEP, PlannedProgram, take_first_step

from notifykit.outbox.sqlite import schema

OLDER = ("nothing", "pending", "sent", "flag lost", "purged")
"""What the old program had left before the first step: of one contract; another one, with an award, comes after it."""

FAILS = ("", "before", "after")
"""How the sends of the later contract fail: before or after the click."""

HISTORY_STEPS = 9
"""The later contract's two messages are made in two effects, and sent in six."""


@dataclass(frozen=True, slots=True)
class History:
    """One way to a state."""

    older: str
    killed: int
    """After so many effects of the plan's program."""
    fails: str = ""
    json: bool = True
    """Whether the send-status file is still there."""
    step: tuple[str, ...] = FIRST_STEP

    def __str__(self) -> str:
        return f"{self.older}, killed after {self.killed}, {self.fails or 'fine'}, json {self.json}, {len(self.step)}"


def histories() -> Iterator[History]:
    for older, killed, fails, json in itertools.product(OLDER, range(HISTORY_STEPS + 1), FAILS, (True, False)):
        if fails == "" or killed == HISTORY_STEPS:
            yield History(older, killed, fails, json)
    yield from (History("sent", killed, step=FIRST_STEP[:1]) for killed in (1, 4))


class Trip:
    """A world with a history, and what is due in it."""

    def __init__(self, folder: Path, history: History) -> None:
        self.world = LegacyWorld(folder)
        self.program = PlannedProgram(self.world)
        older = self._older(history.older)
        take_first_step(self.world, history.step)
        later = self.world.contract("N", award=True)
        left, last = history.killed, ""
        for steps in (
            self.program.generating(),
            self.program.sending(lambda text: history.fails * (later.number in text)),
        ):
            for effect in steps:
                if left == 0:
                    break
                left, last = left - 1, effect
            else:
                continue
            break
        self.stopped = ("--stopped", "unknown" if last.startswith(("send", "flag")) else "idle")
        """Whether it was killed with a message on the wire, as the person who migrates knows."""
        if not history.json:
            self.world.status_file().unlink(missing_ok=True)
        self.due = {older.texts[GROUP], *later.texts.values()}
        self.before = self.world.delivered

    def _older(self, what: str) -> Made:
        match what:
            case "pending":
                return self.world.contract("Y", SENT, [(GROUP, "pending")])
            case "sent" | "flag lost" | "purged":
                made = self.world.contract("N" if what == "flag lost" else "Y", SENT, [(GROUP, "completed")])
                self.world.desk.take(*made.texts[GROUP])
                if what == "purged":
                    self.world.purge()
                return made
        return self.world.contract("N")

    def run(self, *arguments: str) -> None:
        done = self.world.run(*arguments)
        assert done.exit_code in (0, 3), f"{arguments}: {done.output}"

    def faults(self) -> Iterator[str]:
        now, held = self.world.delivered, self.held()
        for message in self.due:
            if now[message] > max(1, self.before[message]) and message not in self.resumed():
                yield f"{message} arrived {self.before[message]} times, and then {now[message]}"
            if not now[message] and message not in held:
                yield f"{message} is lost"

    def resumed(self) -> set[tuple[str, str]]:
        """Messages that a rollback put back as they were: the plan's program sends them, as it would have."""
        kept = all_archived(MigrationFolder.of(self.world.folder))
        return {(hold.recipient, hold.text) for archive in kept for hold in archive.resumed()}

    def held(self) -> set[tuple[str, str]]:
        """Messages that wait for a person: in the outbox, or where there is none, on the list of the last rollback."""
        with closing(sqlite3.connect(self.world.store)) as db:
            if schema.is_outbox(db):
                return set(db.execute("SELECT recipient, message FROM tasks WHERE status IN ('in_doubt', 'failed')"))
        newest, *_ = all_archived(MigrationFolder.of(self.world.folder))
        return {(hold.recipient, hold.text) for hold in newest.holds()}


def travel(folder: Path, history: History) -> tuple[Counter[str], list[str]]:
    """Go there and back. Returns what was decided, and what is wrong."""
    trip = Trip(folder, history)
    before = table(trip.world)
    trip.run("migrate", "--yes", *trip.stopped)
    with closing(sqlite3.connect(trip.world.store)) as db:
        decided = Counter(status for (status,) in db.execute("SELECT status FROM tasks WHERE campaign IS NOT NULL"))
    trip.run("rollback", "--yes")
    wrong = []
    after = table(trip.world)
    if after[0] != before[0]:
        wrong.append(f"the schema was {before[0]} and is {after[0]}")
    if lost := {row for row in before[1] if row not in after[1] and row[4] == "completed"}:
        wrong.append(f"rows are not there any more: {lost}")
    trip.run("migrate", "--yes", *trip.stopped)
    trip.run("run", "--once")
    trip.run("verify")
    wrong += trip.faults()
    trip.run("rollback", "--yes")
    for _ in range(2):
        trip.program.generate()
        trip.program.schedule()
    wrong += trip.faults()
    return decided, [f"{history}: {what}" for what in wrong]


def table(world: LegacyWorld) -> tuple[list[tuple[str, str]], set[tuple[object, ...]]]:
    with closing(sqlite3.connect(world.store)) as db:
        schema = db.execute("SELECT name, sql FROM sqlite_master WHERE tbl_name = 'tasks' ORDER BY name").fetchall()
        return schema, set(db.execute("SELECT * FROM tasks"))


def go(folder: Path, chosen: list[History]) -> None:
    wrong: list[str] = []
    decided: Counter[str] = Counter()
    for number, history in enumerate(chosen):
        found, faults = travel(folder / str(number), history)
        decided += found
        wrong += faults
    print(f"\nthe published plan: {len(chosen)} states, decided {dict(decided)}, {len(wrong)} wrong")
    assert not wrong, "\n".join(wrong)


@pytest.mark.long
def test_some_states_of_the_published_plan(tmp_path: Path) -> None:
    go(tmp_path, [*histories()][3::17])


def test_the_plans_program_is_stopped_by_the_fence_and_a_number_of_another_tool_stays(tmp_path: Path) -> None:
    trip = Trip(tmp_path, History("sent", 0))
    with closing(sqlite3.connect(trip.world.store)) as db:
        db.execute("PRAGMA user_version = 7")
    before = table(trip.world)
    trip.run("migrate", "--yes")
    with pytest.raises(sqlite3.IntegrityError, match="belongs to a campaign that was migrated"):
        trip.program.generate()
    trip.run("rollback", "--yes")
    assert table(trip.world) == before
    with closing(sqlite3.connect(trip.world.store)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (7,)
    trip.program.generate()
    assert len(trip.world.rows()) == len(before[1]) + 2


@pytest.mark.crash
@pytest.mark.deep
@pytest.mark.timeout(1800)
def test_every_state_of_the_published_plan(tmp_path: Path) -> None:
    go(tmp_path, [*histories()])
