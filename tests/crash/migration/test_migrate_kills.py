"""SIGKILL before every state-changing system call of a migration, the first one and one after a rollback.

After each kill the same command comes to the end that an undisturbed run has. Where the old program is started in
between, by somebody who does not know, and where somebody goes back instead, every message still goes out once or is
held for a person.
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from killed_worlds import KilledWorlds, Tally, replace
from killing import PARTS, STRACE, KillPoint, part, spread
from legacy_run import LegacyRun
from legacy_world import AWARD, GROUP, SENT, LegacyWorld, Made
from notifykit_migration.archive.archive import archived
from notifykit_migration.journal.folder import MigrationFolder

pytestmark = pytest.mark.crash

REDUCED = 4
"""Points in `make test`, where seconds count. `make crash` has all of them."""

SECOND_KILLS = 2
"""Places at which each recovery is killed once more."""

COMMAND = ("migrate", "--yes", "--stopped", "idle")

HELD = ("in_doubt", "failed", "sending")

CLOCK = frozenset(
    {"at", "id", "backup", "plan_hash", "migration", "created_at", "updated_at", "queued_at", "due_at", "applied_at"}
)
"""Columns that differ from run to run, because time goes on; the old columns of rows that were there are looked at."""

Message = tuple[str, str]
"""(recipient, text)."""

End = tuple[dict[str, bytes], dict[str, list[Any]], tuple[str, ...]]


@dataclass
class Scene:
    """A world in which every decision occurs, and everybody else's things beside it."""

    world: LegacyWorld
    made: list[Made] = field(default_factory=list)
    before: Counter[Message] = field(default_factory=Counter)
    """What had arrived before anything was migrated."""
    due: dict[Message, tuple[str, str] | None] = field(default_factory=dict)
    """Every message that is to arrive: (key, name of the message), or None for other jobs' messages."""

    @classmethod
    def build(cls, folder: Path) -> Scene:
        world = LegacyWorld(folder)
        scene = cls(world)
        with world.together():
            world.technician(status="completed")
            scene.contract("Y", SENT, [(GROUP, "completed"), (AWARD, "completed")], award=True)
            scene.contract("N", SENT, [(GROUP, "completed")])  # sent; its flag is to be set
            scene.contract("N", None, [(GROUP, "completed")], award=True)  # sent, and a message to be created
            scene.contract("Y", SENT, sent=True)  # historic
            scene.contract("Y", None, sent=True)  # set by hand
            scene.contract("Y", SENT, [(GROUP, "completed"), (AWARD, "pending")], award=True)  # adopted
            scene.contract("N", SENT, [(GROUP, "pending")], age_days=30)  # stale
            scene.contract("N")  # the next generation's
            scene.contract("N", award=True)
            world.technician(status="pending")
            world.reports(2)
        ours = set(scene.due)
        for row in world.rows():
            message = (row["recipient"], row["message"])
            scene.before[message] += row["status"] == "completed"
            if message not in ours and row["status"] == "pending":
                scene.due[message] = None
        return scene

    @classmethod
    def rolled_back(cls, folder: Path) -> Scene:
        """Migrated, half worked off, with messages whose outcome nobody knows, and rolled back; then a new contract."""
        scene = cls.build(folder)
        lost = scene.made[-1]
        scene.run(*COMMAND)
        scene.world.desk.set_moods({lost.number: "lost"})
        scene.run("generate")
        scene.run("dispatch", "--once")
        scene.world.desk.set_moods({})
        scene.run("rollback", "--yes")
        scene.contract("N", award=True)
        return scene

    def contract(
        self, flag: str, json: str | None = None, rows: Sequence[Message] = (), *, sent: bool = False, **options: Any
    ) -> None:
        """Add one. `sent`: its message arrived, and no row tells of it."""
        made = self.world.contract(flag, json, rows, **options)
        self.made.append(made)
        self.before[made.texts[GROUP]] += sent
        due = (GROUP, AWARD) if options.get("award") else (GROUP,)
        self.due |= {made.texts[name]: (made.id, name) for name in due}

    def run(self, *arguments: str) -> None:
        result = self.world.run(*arguments)
        assert result.exit_code in (0, 3), result.output

    def old_program(self) -> None:
        """Start the old program; the fence may stop its job."""
        run = LegacyRun(self.world)
        try:
            run.generate()
        except sqlite3.IntegrityError:
            assert self.has("fence")
        run.schedule()

    def has(self, table: str) -> bool:
        with closing(sqlite3.connect(self.world.store)) as db:
            return db.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone() is not None

    def end(self) -> End:
        """What there is: files, what the database says but for the time, names of what lies in the project."""
        state = sorted((self.world.folder / "state").iterdir())
        files = {path.name: path.read_bytes() for path in state if not path.name.endswith(".lock")}
        found: dict[str, list[Any]] = {}
        with closing(sqlite3.connect(self.world.store)) as db:
            found["schema"] = db.execute("SELECT type, name, sql FROM sqlite_master ORDER BY rowid").fetchall()
            found["kept"] = db.execute("SELECT * FROM sqlite_sequence").fetchall()
            found["mode"] = [*db.execute("PRAGMA journal_mode"), *db.execute("PRAGMA user_version")]
            for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                names = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
                wanted = [name for name in names if name not in CLOCK]
                found[table] = sorted(db.execute(f"SELECT {', '.join(wanted) or 1} FROM {table}"), key=repr)
        return files, found, tuple(sorted(path.name for path in self.world.folder.iterdir()))

    def doubled_by_the_old_program(self, folder: Path) -> frozenset[Message]:
        """Return what the old program sends twice where nobody migrates at all: its crash made it forget."""
        replace(folder, self.world.folder)
        self.old_program()
        doubled = frozenset(message for message in self.due if self._times(message) > 1)
        replace(self.world.folder, folder)
        return doubled

    def _times(self, message: Message) -> int:
        return self.before[message] + self.world.delivered[message]

    def faults(self, forgiven: Collection[Message] = ()) -> Iterator[str]:
        """Yield every message that arrived twice, or that is lost: neither arrived nor held."""
        held = self._held()
        for message, whose in self.due.items():
            times = self._times(message)
            if times > 1 and message not in forgiven:
                yield f"{message} arrived {times} times"
            if times == 0 and whose not in held:
                yield f"{message} is lost"

    def _held(self) -> set[tuple[str, str]]:
        if not self.has("migrated"):
            before = archived(MigrationFolder.of(self.world.folder))
            removed = before.removed if before else ()
            return {(item.task.key, item.task.name) for item in removed if item.status.value in HELD}
        with closing(sqlite3.connect(self.world.store)) as db:
            marks = ", ".join("?" * len(HELD))
            return set(db.execute(f"SELECT record_key, message_name FROM tasks WHERE status IN ({marks})", HELD))

    # Legs.

    def again(self) -> None:
        """Run the command that was killed once more; what is left is nothing to do."""
        self.run(*COMMAND)
        assert self.world.run(*COMMAND).stdout.startswith("nothing to do")

    def work(self) -> None:
        """Let notifykit send what is ours, and the old scheduler what is others'."""
        self.run("run", "--once")
        self.old_program()


def sweep(
    scene: Scene, folder: Path, choose: Callable[[Sequence[KillPoint]], Sequence[KillPoint]], *, twice: bool = False
) -> Tally:
    doubled = scene.doubled_by_the_old_program(folder / "alone")
    killed = KilledWorlds(scene.world, COMMAND, folder)
    undisturbed = scene.end()
    scene.work()
    assert list(scene.faults()) == []

    def again() -> Iterator[str]:
        scene.again()
        if scene.end() != undisturbed:
            yield "another end"
        scene.run("verify")

    def old_program_between() -> Iterator[str]:
        forgiven = () if scene.has("fence") else doubled
        scene.old_program()
        if (
            scene.world.run(*COMMAND).exit_code == 5
        ):  # it was begun and nothing done, and is not the same world any more
            scene.run("rollback", "--yes")
            scene.run(*COMMAND)
        scene.work()
        yield from scene.faults(forgiven)

    def back() -> Iterator[str]:
        forgiven = () if scene.has("fence") else doubled
        scene.run("rollback", "--yes")
        if scene.has("fence"):
            yield "the fence stands after a rollback"
        scene.old_program()
        yield from scene.faults(forgiven)

    def killed_twice() -> Iterator[str]:
        recovery = KilledWorlds(scene.world, COMMAND, folder / "twice")
        yield from recovery.sweep(spread(recovery.points, SECOND_KILLS), [again, back]).wrong

    legs = [again, old_program_between, back, *([killed_twice] if twice else [])]
    return killed.sweep(choose(killed.points), legs)


needs_strace = pytest.mark.skipif(
    STRACE is None and not os.environ.get("CI"), reason="strace is missing (a failure in CI)"
)


@pytest.mark.long
@needs_strace
def test_a_reduced_sweep_of_migrate(tmp_path: Path) -> None:
    sweep(Scene.build(tmp_path / "world"), tmp_path, lambda points: spread(points, REDUCED)).check()


@pytest.mark.long
@needs_strace
def test_a_reduced_sweep_of_migrating_again(tmp_path: Path) -> None:
    sweep(Scene.rolled_back(tmp_path / "world"), tmp_path, lambda points: spread(points, REDUCED)).check()


@pytest.mark.deep
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("number", range(1, PARTS + 1))
@pytest.mark.parametrize("build", [Scene.build, Scene.rolled_back], ids=["migrate", "migrate after a rollback"])
def test_the_whole_sweep(
    tmp_path: Path,
    build: Callable[[Path], Scene],
    number: int,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> None:
    done = sweep(build(tmp_path / "world"), tmp_path, lambda points: part(points, number), twice=True)
    with capsys.disabled():
        print(f"\n{request.node.callspec.id}: {done}; {SECOND_KILLS} second kills at each")
    done.check()
