"""Every state of the journal, and every command in it, twice: the way always leads on.

A state is what SIGKILL leaves before a line of the journal is written, or what an undisturbed command leaves. Each
command ends well there, or says what to run next; and from what it leaves, the commands that are named lead to a
migrated project, and to one that is rolled back. At both ends each message has arrived once.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from killed_worlds import replace
from killing import STRACE, KillPoint, run_and_kill
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.journal.journal import Journal
from program_world import FLAG, KEY, NOTIFYKIT, ProgramWorld, contract, contract_id, contract_number

pytestmark = [
    pytest.mark.crash,
    pytest.mark.skipif(STRACE is None and not os.environ.get("CI"), reason="strace is missing (a failure in CI)"),
]

MIGRATE = ("migrate", "--yes", "--stopped", "idle")
ROLLBACK = ("rollback", "--yes")
RETIRE = ("retire", "--yes", "--now")

COMMANDS = (
    ("generate",),
    ("dispatch", "--once"),
    ("settle",),
    ("run", "--once"),
    ("check",),
    ("status",),
    MIGRATE,
    ("verify",),
    RETIRE,
    ROLLBACK,
    ("shim",),
    ("the old program",),
)

FINE = (0, 3)
"""Done, and done with something for a person."""


@dataclass(frozen=True)
class Way:
    """A command whose journal is looked at line by line, and what was done before it."""

    command: tuple[str, ...]
    before: tuple[tuple[str, ...], ...] = ()


WAYS = {
    "migrate": Way(MIGRATE),
    "retire": Way(RETIRE, (((*MIGRATE, "--soak", "7")),)),
    "rollback": Way(ROLLBACK, (MIGRATE, ("generate",))),
    "migrate again": Way(MIGRATE, (MIGRATE, ("run", "--once"), ROLLBACK)),
}


class Scene:
    """One contract was sent and its flag not written, one has a row that waits, two are new; others' rows beside."""

    def __init__(self, folder: Path) -> None:
        self.world = ProgramWorld(folder, count=2, technicians=1, shanghai=1)
        self.world.bare("--once", "sh", "ts")
        self.world.bare("--once", "bj")
        self.world.fill(flagged=[1])
        self.sent = self.world.due() - self.world.due([1])
        with closing(sqlite3.connect(self.world.store)) as db, db:
            waits = (f"%{contract_number(1)}%",)
            db.execute("UPDATE tasks SET status = 'pending', updated_at = created_at WHERE message LIKE ?", waits)
        (self.world.folder / "state" / "desktop.jsonl").unlink()
        self.world.count = 4
        self.world.offer([contract(number, award=self.world.award(number)) for number in range(4)])
        self.world.fill(flagged=[1])
        self.due = self.world.due() - self.sent

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command; no exit code is unexpected but that of a defect."""
        if arguments[0] in ("shim", "the old program"):
            done = self.world.run(shim=arguments[0] == "shim", check=False)
        else:
            done = subprocess.run(
                self.line(*arguments),
                cwd=self.world.folder,
                env=self.world.in_process,
                capture_output=True,
                text=True,
                encoding="utf-8",
                check=False,
                timeout=100,
            )
            assert "Traceback" not in done.stderr, (arguments, done.stderr)
        return done

    def line(self, *arguments: str) -> list[str]:
        return [NOTIFYKIT, "--project", str(self.world.project), *arguments]

    def until(self, command: tuple[str, ...]) -> None:
        """Get a command done, by doing what it says where it is refused."""
        for _ in range(3):
            done = self.run(*command)
            if done.returncode in FINE:
                return
            assert "notifykit rollback" in done.stderr, f"{command} leads nowhere:\n{done.stderr}"
            back = self.run(*ROLLBACK)
            assert back.returncode in FINE, f"{command}, then {ROLLBACK}:\n{back.stderr}"
        raise AssertionError(f"{command} is refused again and again:\n{done.stderr}")

    def faults(self, end: str, *, left: Collection[str] = ()) -> Iterator[str]:
        arrived, held = self.world.arrived(), self.held()
        yield from (f"{end}: {message} arrived {arrived[message]} times" for message in arrived if arrived[message] > 1)
        yield from (f"{end}: {message} is lost" for message in self.due - arrived.keys() - held)
        yield from (f"{end}: {message} had arrived before" for message in arrived.keys() & self.sent)
        doubtful = {number for _, number in held}
        flags = {row[KEY]: row[FLAG] for row in self.world.rows() if row["合同编号(contractdocNum)"] not in doubtful}
        if unset := [key for key, flag in flags.items() if flag != "Y" and key not in left]:
            yield f"{end}: the flags of {', '.join(unset)} are not set"

    def held(self) -> set[tuple[str, str]]:
        """(recipient, contract number) of what waits for a person.

        A row that came back by a rollback, and is older than what the old program sent of others meanwhile, looks as
        if it had been tried.
        """
        told = self.run("tasks", "--status", "in_doubt", "--json")
        tasks = json.loads(told.stdout)["tasks"] if told.returncode == 0 else []
        numbers = {number for _, number in self.due}
        return {(task["recipient"], number) for task in tasks for number in numbers if number in task["text"]}

    def migrated(self) -> Iterator[str]:
        """Yield what is wrong at the end of the way to a migrated project."""
        self.until(MIGRATE)
        self.until(("run", "--once"))
        verified = self.run("verify")
        if verified.returncode != 0:
            yield f"migrated: verify answers {verified.returncode}: {verified.stdout}{verified.stderr}"
        self.old_program()
        yield from self.faults("migrated")

    def rolled_back(self) -> Iterator[str]:
        """Yield what is wrong at the end of the way back."""
        back = self.run(*ROLLBACK)
        if back.returncode not in FINE:
            yield f"rollback answers {back.returncode}: {back.stderr}"
        self.old_program()
        yield from self.faults("rolled back", left=[contract_id(0)])  # as the old program had left it

    def old_program(self) -> None:
        for _ in range(2):
            self.run("the old program")


def states(scene: Scene, folder: Path, way: Way, choose: Callable[[int], bool]) -> Iterator[str]:
    """Leave the world in each state on a way, one after the other, by the number of the line. Yields its name."""
    for command in way.before:
        scene.until(command)
    journal = MigrationFolder.of(scene.world.folder).journal
    start = folder / "start"
    replace(start, scene.world.folder)
    lines = len(Journal.read(journal))
    done = scene.run(*way.command)
    assert done.returncode in FINE, done.stderr
    kinds = [f"{entry.kind} {entry.fields.get('step', '')}".strip() for entry in Journal.read(journal)[lines:]]
    if choose(0):
        yield "done"
    for number, kind in enumerate(kinds, 1):
        if choose(number):
            replace(scene.world.folder, start)
            point = KillPoint("write", number, str(journal))
            killed = run_and_kill(scene.line(*way.command), scene.world.in_process, point)
            assert killed, f"{kind} was not reached"
            yield f"before {kind}"


def lead_on(
    folder: Path, way: Way, command: tuple[str, ...], choose: Callable[[int], bool] = lambda number: True
) -> tuple[list[str], list[str]]:
    """Run a command twice in each state, and go both ways from there. Returns the states, and what is wrong."""
    scene = Scene(folder / "world")
    state, left = folder / "state", folder / "left"
    seen, wrong = [], []
    for name in states(scene, folder, way, choose):
        seen.append(name)
        replace(state, scene.world.folder)
        codes = [scene.run(*command).returncode for _ in range(2)]
        replace(left, scene.world.folder)
        for end in (scene.migrated, scene.rolled_back):
            replace(scene.world.folder, left)
            wrong += [f"{name}, {' '.join(command)} ({codes}): {what}" for what in end()]
    return seen, wrong


@pytest.mark.long
def test_one_state_leads_on(tmp_path: Path) -> None:
    seen, wrong = lead_on(tmp_path, WAYS["migrate"], ("settle",), lambda number: number == 5)
    assert (len(seen), wrong) == (1, [])


@pytest.mark.deep
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("way", WAYS)
def test_every_state_leads_on(
    tmp_path: Path, way: str, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    seen, wrong = lead_on(tmp_path, WAYS[way], command)
    with capsys.disabled():
        print(f"\n{way}, {' '.join(command)}: {len(seen)} states, {len(wrong)} wrong ({'; '.join(seen)})")
    assert wrong == []
