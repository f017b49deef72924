"""What stands in the way of a rollback: a clear error, the exit code for it, and nothing changed."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest
from legacy_world import AWARD, GROUP, SENT, LegacyWorld
from notifykit_migration import roll_back as rollback
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.journal.lock import migration_lock
from notifykit_migration.rollback.old_schema import alone

from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite import schema
from notifykit.outbox.sqlite.worker_locks import WorkerLocks
from notifykit.outbox.values import ChannelBounds
from notifykit.testing.outbox.steps import take

Tree = dict[str, tuple[str, int]]


@pytest.fixture
def world(tmp_path: Path) -> LegacyWorld:
    world = LegacyWorld(tmp_path)
    world.contract("Y", SENT, [(GROUP, "completed"), (AWARD, "pending")], award=True)
    world.contract("N")
    return world


@pytest.fixture
def migrated(world: LegacyWorld) -> LegacyWorld:
    result = world.run("migrate", "--yes", "--stopped", "idle")
    assert result.exit_code == 0, result.output
    return world


def tree(world: LegacyWorld) -> Tree:
    return {name: facts for name, facts in world.tree().items() if not name.startswith("notifykit-migration/lock")}


@contextmanager
def nothing_changes(world: LegacyWorld) -> Iterator[None]:
    before = tree(world)
    yield
    # The lock's file is made and stays; it is no part of the project's state.
    after = tree(world)
    assert {name: facts[0] for name, facts in after.items()} == {name: facts[0] for name, facts in before.items()}


def test_the_plan_of_the_backup_was_edited(migrated: LegacyWorld) -> None:
    """A rollback reads decisions alone, which the hash within the plan does not prove."""
    (path,) = migrated.migration.glob("backups/*/plan.json")
    text = path.read_text(encoding="utf-8")
    assert '"decision":"S"' in text
    path.write_text(text.replace('"decision":"S"', '"decision":"A"'), encoding="utf-8")
    with nothing_changes(migrated):
        result = migrated.run("rollback", "--yes")
    assert result.exit_code == 7
    assert "is not the plan that was kept here" in result.stderr


def test_nothing_is_migrated(world: LegacyWorld) -> None:
    before = world.tree()
    result = world.run("rollback", "--yes")
    assert (result.exit_code, result.stdout) == (0, "nothing to do: nothing is migrated\n")
    assert world.tree() == before


def test_nothing_is_migrated_as_json(world: LegacyWorld) -> None:
    assert json.loads(world.run("rollback", "--json").stdout)["phase"] == "none"


def test_it_does_not_go_without_being_asked(migrated: LegacyWorld) -> None:
    with nothing_changes(migrated):
        result = migrated.run("rollback")
    assert result.exit_code == 2
    assert "--yes" in result.stderr


def test_a_dry_run_touches_nothing(migrated: LegacyWorld) -> None:
    before = migrated.tree()
    result = migrated.run("rollback", "--dry-run")
    assert result.exit_code == 0, result.output
    assert "unchanged" in result.stdout
    assert migrated.tree() == before


def test_a_dry_run_as_json(migrated: LegacyWorld) -> None:
    plan = json.loads(migrated.run("rollback", "--dry-run", "--json").stdout)
    assert {item["now"]: item["contracts"] for item in plan["returns"]} == {"unchanged": 1, "never queued": 1}
    assert plan["files"] == ["state/send_status_bj_aug.json"]


def test_another_program_has_the_store_open(migrated: LegacyWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollback, "alone", partial(alone, patience=0.05))
    with closing(SqliteOutbox.open(migrated.store)) as outbox:
        outbox.figures()
        result = migrated.run("rollback", "--yes")
    assert result.exit_code == 4
    assert "another program has it open; nothing was changed. Stop `notifykit run`" in result.stderr
    assert migrated.json() is None


@contextmanager
def sending(world: LegacyWorld) -> Iterator[None]:
    """A worker that is sending for as long as the block lasts, and then ends without a word."""
    with WorkerLocks.beside(world.store).held("worker", lambda: {"worker"}):
        with closing(SqliteOutbox.open(world.store)) as outbox:
            assert take(outbox, "worker", 5, {"desk": ChannelBounds()}, 60)
        yield


def test_a_message_is_being_sent(migrated: LegacyWorld) -> None:
    before = migrated.json()
    with sending(migrated):
        result = migrated.run("rollback", "--yes")
        assert [row["status"] for row in migrated.rows()] == ["completed", "sending"]
    assert result.exit_code == 4
    assert "1 messages are being sent just now" in result.stderr
    assert migrated.json() == before


def test_nobody_can_tell_whether_a_worker_lives(migrated: LegacyWorld) -> None:
    with sending(migrated):
        pass
    shutil.rmtree(migrated.store.with_name(f"{migrated.store.name}-workers"))
    with nothing_changes(migrated):
        result = migrated.run("rollback", "--yes")
    assert result.exit_code == 4
    assert "one `notifykit dispatch` settles what another left behind" in result.stderr


def test_nobody_knows_what_came_of_a_message(migrated: LegacyWorld) -> None:
    with sending(migrated):
        pass
    result = migrated.run("rollback", "--yes")
    assert result.exit_code == 3
    assert [row["status"] for row in migrated.rows()] == ["completed"]
    assert "1 message" in result.stdout


def test_somebody_wrote_a_send_status_file(migrated: LegacyWorld) -> None:
    migrated.status_file().write_text('{"1": "发送成功"}', encoding="utf-8")
    with nothing_changes(migrated):
        result = migrated.run("rollback", "--yes")
    assert result.exit_code == 5
    assert "state/send_status_bj_aug.json: somebody wrote to it since the migration" in result.stderr
    migrated.status_file().unlink()
    assert migrated.run("rollback", "--yes").exit_code == 0


def test_the_campaign_is_gone(migrated: LegacyWorld) -> None:
    (migrated.folder / "campaigns" / "beijing.yaml").unlink()
    with nothing_changes(migrated):
        result = migrated.run("rollback", "--yes")
    assert result.exit_code == 4
    assert "campaign beijing was migrated and is not configured any more" in result.stderr


def test_the_campaign_has_another_csv_file_now(migrated: LegacyWorld) -> None:
    path = migrated.folder / "campaigns" / "beijing.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("PerformanceData-BJ-Aug.csv", "PerformanceData-BJ-Sep.csv"), encoding="utf-8")
    with nothing_changes(migrated):
        result = migrated.run("rollback", "--yes")
    assert result.exit_code == 4
    assert "put the old path back; a new file is" in result.stderr


def test_the_csv_file_is_gone(migrated: LegacyWorld) -> None:
    migrated.csv().unlink()
    with nothing_changes(migrated):
        result = migrated.run("rollback", "--yes")
    assert result.exit_code == 4
    assert "there is no such file" in result.stderr


def test_somebody_else_rolls_back(migrated: LegacyWorld) -> None:
    with migration_lock(MigrationFolder.of(migrated.folder), "rollback"):
        result = migrated.run("rollback", "--yes")
    assert result.exit_code == 6


def test_the_backup_is_damaged(migrated: LegacyWorld) -> None:
    (plan,) = (migrated.migration / "backups").glob("*/plan.json")
    plan.write_text(plan.read_text(encoding="utf-8").replace('"beijing"', '"peking"'), encoding="utf-8")
    with nothing_changes(migrated):
        result = migrated.run("rollback", "--yes")
    assert result.exit_code == 7


def test_flags_that_cannot_be_set_stop_it_and_it_goes_on_later(tmp_path: Path) -> None:
    world = LegacyWorld(tmp_path)
    world.contract("N")
    world.contract("N")
    assert world.run("migrate", "--yes").exit_code == 0
    assert world.run("generate").exit_code == 0
    whole = world.csv().read_bytes()
    lines = whole.split(b"\r\n")
    double = lines[1].replace(b"15000.0", b"16000.0")
    world.csv().write_bytes(whole + double + b"\r\n")
    result = world.run("rollback", "--yes")
    assert result.exit_code == 1, result.output
    assert "begun and not finished: 1 flags could not be set" in result.stderr
    with closing(sqlite3.connect(world.store)) as db:
        assert schema.is_outbox(db)
    world.csv().write_bytes(world.csv().read_bytes().removesuffix(double + b"\r\n"))
    result = world.run("rollback", "--yes")
    assert result.exit_code == 0, result.output
    assert set(world.flags().values()) == {"Y"}
