"""Migrate and roll back: a clean old world comes back as it was, and what happened since is carried forward."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import legacy_project
import pytest
from legacy_run import LegacyRun
from legacy_world import AWARD, GROUP, SENT, WECHAT, LegacyWorld, Made
from notifykit_migration.files.reading import content_digest


class Before:
    """What a world was before it was migrated."""

    def __init__(self, world: LegacyWorld) -> None:
        self._world = world
        self.files = self._files()
        self.digest = self._digest()

    def _files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted((self._world.folder / "state").iterdir())}

    def _digest(self) -> str:
        with closing(sqlite3.connect(self._world.store)) as db:
            assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)
            return content_digest(db)

    def check(self) -> None:
        """Everything is as it was, byte for byte and row for row."""
        now = {name: data for name, data in self._files().items() if not name.endswith(".notifykit.lock")}
        assert now == self.files
        assert self._digest() == self.digest
        beside = [path.name for path in self._world.folder.glob("tasks.db*")]
        assert beside == ["tasks.db"]


def clean_world(folder: Path) -> LegacyWorld:
    """An old system that was stopped while its scheduler was idle, with other jobs' tasks."""
    world = LegacyWorld(folder)
    with world.together():
        for _ in range(3):
            world.contract("Y", SENT, [(GROUP, "completed")])
        world.contract("Y", SENT, [(GROUP, "completed"), (AWARD, "completed")], award=True)
        world.reports(2, status="completed")
        world.technician(status="completed")
        world.contract("Y", SENT, [(GROUP, "completed"), (AWARD, "pending")], award=True)
        world.contract("Y", SENT, [(GROUP, "pending")])
        world.contract("N")
        world.contract("N", award=True)
        world.reports(2)
        world.technician()
    return world


def migrate(world: LegacyWorld, *options: str, code: int = 0) -> None:
    result = world.run("migrate", "--yes", "--stopped", "idle", *options)
    assert result.exit_code == code, result.output


def roll_back(world: LegacyWorld, *, code: int = 0) -> str:
    result = world.run("rollback", "--yes")
    assert result.exit_code == code, result.output
    return result.output


def life(world: LegacyWorld, *commands: str) -> None:
    for command in commands or ("generate", "dispatch --once", "settle"):
        result = world.run(*command.split())
        assert result.exit_code in (0, 3), result.output


@pytest.mark.parametrize(
    "options",
    [("--until", "apply"), ("--until", "verify"), ("--soak", "7"), ()],
    ids=["half migrated", "verified", "soaking", "retired"],
)
def test_a_clean_world_comes_back_as_it_was(tmp_path: Path, options: tuple[str, ...]) -> None:
    world = clean_world(tmp_path)
    before = Before(world)
    migrate(world, *options)
    output = roll_back(world)
    before.check()
    assert "exactly what was queued" in output


def test_again_and_again(tmp_path: Path) -> None:
    world = clean_world(tmp_path)
    before = Before(world)
    for _ in range(3):
        migrate(world)
        roll_back(world)
    before.check()


def test_what_was_sent_since_is_not_sent_again(tmp_path: Path) -> None:
    world = clean_world(tmp_path)
    migrate(world)
    life(world)
    sent = world.delivered
    assert sent
    roll_back(world)
    run = LegacyRun(world)
    assert run.generate() == 0
    run.schedule()
    ours = {key: count for key, count in world.delivered.items() if key in sent}
    assert ours == sent
    assert set(world.flags().values()) == {"Y"}


def test_what_is_queued_is_sent_by_the_old_program_once(tmp_path: Path) -> None:
    world = clean_world(tmp_path)
    migrate(world)
    world.append(world.row(award=True))
    life(world, "generate")
    roll_back(world)
    run = LegacyRun(world)
    assert run.generate() == 0
    run.schedule()
    assert set(world.delivered.values()) == {1}
    pending, never, reports, technician, new = 2, 1 + 2, 2, 1, 2
    assert len(world.delivered) == pending + never + reports + technician + new


def test_contracts_that_were_never_queued_are_made_by_the_old_program(tmp_path: Path) -> None:
    world = clean_world(tmp_path)
    migrate(world)
    world.append(world.row(award=True))
    roll_back(world)
    assert LegacyRun(world).generate() == 1 + 2 + 2


def test_other_jobs_are_left_alone(tmp_path: Path) -> None:
    world = clean_world(tmp_path)
    technician = world.technician_file.read_bytes()
    rows = {row["id"]: row for row in world.rows() if "合同" not in row["message"]}
    migrate(world)
    life(world)
    roll_back(world)
    assert world.technician_file.read_bytes() == technician
    after = {row["id"]: row for row in world.rows() if row["id"] in rows}
    assert after == rows


def states(world: LegacyWorld, made: Made) -> list[tuple[str, str]]:
    """(message, status) of the rows of a contract."""
    names = {text: name for name, (_, text) in made.texts.items()}
    return [(names[row["message"]], row["status"]) for row in world.rows() if row["message"] in names]


def contract(world: LegacyWorld, made: Made) -> tuple[str | None, str | None, list[tuple[str, str]]]:
    """(flag, word, rows) of a contract."""
    return world.flags().get(made.id), (world.json() or {}).get(made.id), states(world, made)


def test_each_row_of_the_table(tmp_path: Path) -> None:
    world = LegacyWorld(tmp_path, technicians=False)
    never = world.contract("N")
    fine, refused, lost, later, dropped = (world.contract("N", award=True) for _ in range(5))
    migrate(world)
    moods = {refused.number: "forbidden", lost.number: "lost", later.number: "busy"}
    world.desk.set_moods(moods)
    world.set_flag(never.id, "-")
    life(world, "generate")
    for made in (dropped,):
        result = world.run(
            "resolve", "--cancel", "--key", made.id, "--status", "queued", "--why", "not needed", "--yes"
        )
        assert result.exit_code == 0, result.output
    life(world, "dispatch --once")
    world.set_flag(never.id, "N")
    output = roll_back(world, code=3)
    assert contract(world, never) == ("N", None, [])
    assert contract(world, fine) == ("Y", SENT, [(GROUP, "completed"), (AWARD, "completed")])
    assert contract(world, refused) == ("Y", SENT, [])
    assert contract(world, lost) == ("Y", SENT, [])
    assert contract(world, later) == ("Y", SENT, [(GROUP, "pending"), (AWARD, "pending")])
    assert contract(world, dropped) == ("Y", SENT, [])
    (archive,) = (world.migration / "archive").iterdir()
    holds = json.loads((archive / "holds.json").read_text(encoding="utf-8"))
    assert {(hold["key"], hold["status"]) for hold in holds} == {(refused.id, "failed"), (lost.id, "in_doubt")}
    assert "held" in output


def test_migrating_again_forgets_nothing(tmp_path: Path) -> None:
    world = LegacyWorld(tmp_path, technicians=False)
    fine, refused, lost, waits = (world.contract("N") for _ in range(4))
    migrate(world)
    world.desk.set_moods({refused.number: "forbidden", lost.number: "lost", waits.number: "busy"})
    life(world)
    roll_back(world, code=3)
    migrate(world, code=3)
    tasks = {task["key"]: task for task in json.loads(world.run("tasks", "--json").stdout)["tasks"]}
    assert {key: task["status"] for key, task in tasks.items()} == {
        fine.id: "completed",
        refused.id: "in_doubt",
        lost.id: "in_doubt",
        waits.id: "queued",
    }
    story = json.loads(world.run("trace", lost.id, "--json").stdout)
    assert "ReadTimeout" in json.dumps(story)
    world.desk.set_moods({})
    life(world)
    assert world.delivered == {fine.texts[GROUP]: 1, lost.texts[GROUP]: 1, waits.texts[GROUP]: 1}


def test_what_was_sent_is_known_again_where_its_row_was_deleted_since(tmp_path: Path) -> None:
    world = LegacyWorld(tmp_path, technicians=False)
    fine, reset, again, lost = (world.contract("N", award=True) for _ in range(4))
    migrate(world)
    world.desk.set_moods({lost.number: "lost"})
    life(world)
    sent = world.delivered
    roll_back(world, code=3)
    with closing(sqlite3.connect(world.store)) as db, db:
        db.execute("DELETE FROM tasks WHERE status = 'completed'")
        db.execute(
            "INSERT INTO tasks (task_type, recipient, message) VALUES (?, ?, ?)",
            (legacy_project.KINDS[GROUP], *again.texts[GROUP]),
        )
    words = world.json() or {}
    for contract in (reset, again):
        world.set_flag(contract.id, "N")
        del words[contract.id]
    world.status_file().write_text(json.dumps(words), encoding="utf-8")
    migrate(world, code=3)
    tasks = json.loads(world.run("tasks", "--json").stdout)["tasks"]
    found = {
        made.id: sorted((task["message"], task["status"]) for task in tasks if task["key"] == made.id)
        for made in (fine, reset, again, lost)
    }
    both_sent = [(AWARD, "completed"), (GROUP, "completed")]
    assert found == {
        fine.id: both_sent,
        reset.id: both_sent,
        again.id: [(AWARD, "completed"), (GROUP, "cancelled"), (GROUP, "completed")],
        lost.id: [(AWARD, "in_doubt"), (GROUP, "in_doubt")],
    }
    assert set(world.flags().values()) == {"Y"}
    world.desk.set_moods({})
    life(world)
    assert world.delivered == sent
    story = world.run("trace", fine.id).stdout
    assert "accepted" in story
    assert "sent before the rollback, as row" in story
    assert world.run("verify").exit_code == 0
    roll_back(world, code=3)
    assert world.run("migrate", "--yes", "--stopped", "idle").exit_code == 3
    assert world.delivered == sent


def test_queued_messages_of_technicians_are_given_to_the_old_scheduler(tmp_path: Path) -> None:
    world = LegacyWorld(tmp_path)
    world.contract("N")
    migrate(world)
    world.technician(json=None, status=None)
    life(world, "generate")
    roll_back(world)
    (row,) = [row for row in world.rows() if row["task_type"] == WECHAT]
    assert row["status"] == "pending"
    assert list(json.loads(world.technician_file.read_text(encoding="utf-8")).values()) == ["通知成功"]


FOREIGN = {
    "a status of its own": "INSERT INTO tasks (task_type, recipient, message, status) VALUES ('x', 'g', 't', 'doing')",
    "a blob": "INSERT INTO tasks (task_type, recipient, message) VALUES ('x', 'g', x'ff00')",
    "no UTF-8": "INSERT INTO tasks (task_type, recipient, message) VALUES ('x', CAST(x'ff41' AS TEXT), 't')",
    "a negative id": "INSERT INTO tasks (id, task_type, recipient, message) VALUES (-5, 'x', 'g', 't')",
    "no times": "UPDATE tasks SET created_at = 'yesterday', updated_at = x'00' WHERE id = 1",
    "a version": "PRAGMA user_version = 7",
    "a version of one": "PRAGMA user_version = 1",
}


@pytest.mark.long
@pytest.mark.parametrize("foreign", FOREIGN.values(), ids=FOREIGN)
def test_what_other_programs_left_in_the_table_goes_there_and_back(tmp_path: Path, foreign: str) -> None:
    world = clean_world(tmp_path)
    with closing(sqlite3.connect(world.store)) as db, db:
        db.execute(foreign)
    before = Before(world)
    migrate(world, "--soak", "7")
    for command in ("verify", "status", "tasks", "check", "generate --dry-run", "dispatch --dry-run"):
        result = world.run(*command.split())
        assert result.exit_code in (0, 3), result.output
    roll_back(world)
    before.check()


def test_a_table_whose_ids_are_used_up_is_not_begun_with(tmp_path: Path) -> None:
    world = clean_world(tmp_path)
    with closing(sqlite3.connect(world.store)) as db, db:
        db.execute("INSERT INTO tasks (id, task_type, recipient, message) VALUES (9223372036854775807, 'x', 'g', 't')")
    for options in (("--dry-run",), ("--yes",)):
        result = world.run("migrate", "--stopped", "idle", *options)
        assert result.exit_code == 4
        assert "so no higher one is left" in result.output


# What was held.


def doubtful(folder: Path) -> LegacyWorld:
    """A purged table, a row that may have been in flight, one that is stale, and one that was tried and raised."""
    world = LegacyWorld(folder)
    with world.together():
        old = world.contract("Y", SENT, [(GROUP, "completed")])
        world.contract("Y", SENT, [(GROUP, "pending")])
        world.contract("Y", SENT, [(GROUP, "completed")])
        world.contract("Y", SENT, [(GROUP, "pending")])
        world.contract("Y", SENT, [(GROUP, "pending")], age_days=30)
        world.contract("N")
        world.contract("N", award=True)
    world.purge(*old.rows)
    return world


def test_what_was_held_is_as_it_was_where_nothing_happened(tmp_path: Path) -> None:
    world = doubtful(tmp_path)
    before = Before(world)
    assert world.run("migrate", "--yes").exit_code == 3
    told = json.loads(world.run("rollback", "--dry-run", "--json").stdout)
    done = world.run("rollback", "--yes")
    assert done.exit_code == 3, done.output  # the purged one is a person's, as before
    assert "the old program will send 6 messages that the migration held and nobody touched" in done.stdout
    assert len(told["resumed"]) == 6
    before.check()
    assert LegacyRun(world).generate() == 3
    assert LegacyRun(world).schedule() == 6


def test_what_may_have_been_sent_is_not_given_back_once_something_happened(tmp_path: Path) -> None:
    world = doubtful(tmp_path)
    assert world.run("migrate", "--yes").exit_code == 3
    world.append(later := world.row())
    world.run("run", "--once")
    done = world.run("rollback", "--yes")
    assert done.exit_code == 3, done.output
    assert "the old program will send 3 messages that the migration held and nobody touched" in done.stdout
    made, sent = LegacyRun(world).generate(), LegacyRun(world).schedule()
    assert (made, sent) == (3, 3)
    assert world.flags()[later["合同ID(_id)"]] == "Y"


def archive(world: LegacyWorld) -> Path:
    return world.store.with_name(f"{world.store.stem}-archive.db")


def rows(world: LegacyWorld) -> int:
    with closing(sqlite3.connect(world.store)) as db:
        return int(db.execute("SELECT count(*) FROM tasks").fetchone()[0])


def prune(world: LegacyWorld) -> int:
    """Move all that is finished; returns how many rows."""
    before = rows(world)
    with closing(sqlite3.connect(world.store)) as db, db:
        db.execute("UPDATE tasks SET completed_at = completed_at - 60")
    result = world.run("store", "prune", "--keep", "1s")
    assert result.exit_code == 0, result.output
    return before - rows(world)


def test_verify_finds_what_was_pruned(tmp_path: Path) -> None:
    world = clean_world(tmp_path)
    migrate(world)
    expected = world.run("verify").exit_code
    assert prune(world) >= 5
    assert world.run("verify").exit_code == expected == 0
    archive(world).rename(archive(world).with_name("away.db"))
    result = world.run("verify")
    assert result.exit_code != 0
    assert "with what was pruned, is not there" in result.output
    assert "Traceback" not in result.output


def test_a_rollback_brings_back_what_was_pruned(tmp_path: Path) -> None:
    world = clean_world(tmp_path)
    before = Before(world)
    migrate(world)
    assert prune(world) >= 5
    assert world.run("rollback", "--dry-run").exit_code == 0
    assert archive(world).exists()
    result = world.run("rollback", "--yes")
    assert result.exit_code == 0, result.output
    assert "messages are back from the archive" in result.output
    assert not archive(world).exists()
    before.check()


def test_without_its_archive_a_rollback_changes_nothing(tmp_path: Path) -> None:
    world = clean_world(tmp_path)
    migrate(world)
    prune(world)
    archive(world).rename(archive(world).with_name("away.db"))
    whole = world.store.read_bytes()
    result = world.run("rollback", "--yes")
    assert result.exit_code != 0
    assert "Traceback" not in result.output
    assert "put it back" in result.output
    assert world.store.read_bytes() == whole
