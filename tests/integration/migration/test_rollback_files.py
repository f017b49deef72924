"""The send-status files and flags after a rollback: as they were, or else in the old program's form."""

from __future__ import annotations

import json
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from legacy_run import LegacyRun
from legacy_world import GROUP, SENT, WECOM, LegacyWorld
from notifykit_migration.journal.targets import DatabaseStep
from notifykit_migration.rollback import steps as module
from notifykit_migration.rollback.old_schema import put_back


def migrate(world: LegacyWorld, *options: str) -> None:
    result = world.run("migrate", "--yes", "--stopped", "idle", *options)
    assert result.exit_code in (0, 3), result.output


def roll_back(world: LegacyWorld, *, code: int = 0) -> str:
    result = world.run("rollback", "--yes")
    assert result.exit_code == code, result.output
    return result.output


def live(world: LegacyWorld) -> None:
    for command in ("generate", "dispatch --once", "settle"):
        assert world.run(*command.split()).exit_code in (0, 3)


@pytest.fixture
def world(tmp_path: Path) -> LegacyWorld:
    return LegacyWorld(tmp_path, technicians=False)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_keys_are_added_at_the_end_in_the_old_form(world: LegacyWorld, newline: str) -> None:
    first = world.contract("Y", SENT, [(GROUP, "completed")])
    second = world.contract("N")
    path = world.status_file()
    path.write_bytes(path.read_bytes().replace(b"\n", newline.encode()))
    path.chmod(0o640)
    migrate(world)
    live(world)
    roll_back(world)
    text = f'{{\n    "{first.id}": "{SENT}",\n    "{second.id}": "{SENT}"\n}}'
    assert path.read_bytes() == text.replace("\n", newline).encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_values_that_are_no_words_stay(world: LegacyWorld) -> None:
    strange = world.contract("Y", SENT, [(GROUP, "completed")])
    new = world.contract("N")
    words = {strange.id: SENT, "note": {"by": "测试"}, "count": 3}
    world.status_file().write_text(json.dumps(words, ensure_ascii=False, indent=4), encoding="utf-8")
    migrate(world)
    live(world)
    roll_back(world, code=3)
    assert json.loads(world.status_file().read_text(encoding="utf-8")) == {**words, new.id: SENT}


def test_a_file_that_never_was_is_made_for_what_needs_it(world: LegacyWorld) -> None:
    made = world.contract("N")
    world.csv().chmod(0o664)
    migrate(world)
    live(world)
    roll_back(world)
    assert world.json() == {made.id: SENT}
    assert stat.S_IMODE(world.status_file().stat().st_mode) == 0o664


def test_a_file_that_never_was_is_not_made_for_nothing(world: LegacyWorld) -> None:
    world.contract("N")
    migrate(world)
    roll_back(world)
    assert not world.status_file().exists()


def test_a_retired_file_that_is_put_back_keeps_its_time(world: LegacyWorld) -> None:
    world.contract("Y", SENT, [(GROUP, "completed")])
    before = world.status_file().stat()
    migrate(world)
    roll_back(world)
    after = world.status_file().stat()
    assert (after.st_mtime_ns, after.st_mode) == (before.st_mtime_ns, before.st_mode)


def test_a_torn_file_is_mended(world: LegacyWorld) -> None:
    with world.together():
        for _ in range(6):
            world.contract("Y", SENT, [(GROUP, "completed")])
        new = world.contract("N")
    world.json_torn(0.5)
    migrate(world)
    output = roll_back(world)
    assert "was torn, and the old program would stop at it" in output
    words = world.json()
    assert words is not None
    assert new.id not in words
    assert LegacyRun(world).generate() == 1


def test_flags_that_the_migration_set_are_taken_back_where_the_file_says_sent(world: LegacyWorld) -> None:
    crashed = world.contract("N", SENT, [(GROUP, "completed")])
    lost = world.contract("N", None, [(GROUP, "completed")])
    migrate(world)
    assert world.flags() == {crashed.id: "Y", lost.id: "Y"}
    roll_back(world)
    assert world.flags() == {crashed.id: "N", lost.id: "Y"}
    assert world.json() == {crashed.id: SENT, lost.id: SENT}
    assert LegacyRun(world).generate() == 0


def test_a_migration_that_had_changed_nothing_yet_is_given_up(
    world: LegacyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.contract("Y", SENT, [(GROUP, "completed")])
    digest = world.store.read_bytes()
    _cut_short(world, monkeypatch, DatabaseStep, "do", "migrate")
    assert "would be given up" in world.run("rollback", "--dry-run").stdout
    output = roll_back(world)
    assert "it is given up" in output
    assert world.store.read_bytes() == digest
    assert world.run("rollback").stdout == "nothing to do: nothing is migrated\n"
    migrate(world)


def test_cut_short_between_files_and_database_and_run_on_in_between(
    world: LegacyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world.together():
        world.contract("Y", SENT, [(GROUP, "completed")])
        world.contract("N")
    migrate(world)
    assert world.run("generate").exit_code == 0
    _cut_short(world, monkeypatch, module, "put_back")
    assert world.json() is not None
    # Somebody goes on with notifykit instead, and rolls back later.
    world.append(world.row())
    live(world)
    roll_back(world)
    assert LegacyRun(world).generate() == 0
    LegacyRun(world).schedule()
    assert len(world.delivered) == 2
    assert set(world.delivered.values()) == {1}


def test_cut_short_after_the_database_and_the_old_program_was_started(
    world: LegacyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.contract("N")
    migrate(world)
    assert world.run("generate").exit_code == 0
    _cut_short(world, monkeypatch, module, "set_journal_mode")
    world.append(world.row())
    run = LegacyRun(world)
    assert run.generate() == 1
    run.schedule()
    assert "would be finished" in world.run("rollback", "--dry-run").stdout
    assert "it is finished" in roll_back(world)
    with closing(sqlite3.connect(world.store)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert len(world.delivered) == 2
    assert world.run("rollback").stdout == "nothing to do: nothing is migrated\n"


def test_what_is_held_is_told_by_the_run_that_finishes(world: LegacyWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = world.contract("N")
    migrate(world)
    world.desk.set_moods({lost.number: "lost"})
    live(world)
    _cut_short(world, monkeypatch, module, "set_journal_mode")
    output = roll_back(world, code=3)
    assert "held for a person: 1 message" in output
    assert lost.id in output


class KilledError(Exception):
    """Ends a command where a kill would."""


def _cut_short(
    world: LegacyWorld, monkeypatch: pytest.MonkeyPatch, where: object, name: str, command: str = "rollback"
) -> None:
    def stop(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(where, name, stop)
        with pytest.raises(KilledError):
            world.run(command, "--yes")


def test_a_result_that_is_not_what_it_should_be_is_told(world: LegacyWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect of ours: a queued message that does not come back as a pending row."""
    made = world.contract("N")
    migrate(world)
    assert world.run("generate").exit_code == 0

    def forgets(connection: sqlite3.Connection, what: object) -> None:
        put_back(connection, what)  # type: ignore[arg-type]
        connection.execute("DELETE FROM tasks")

    monkeypatch.setattr(module, "put_back", forgets)
    result = world.run("rollback", "--yes")
    assert result.exit_code == 7
    assert "was queued, and is not pending" in result.stderr
    assert "outbox.db" in result.stderr
    assert made.id in world.flags()


def test_a_task_type_that_the_old_scheduler_does_not_know_is_held(world: LegacyWorld) -> None:
    path = world.folder / "campaigns" / "beijing.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(WECOM, "send_carrier_pigeon"), encoding="utf-8")
    world.contract("N")
    migrate(world)
    assert world.run("generate").exit_code == 0
    output = roll_back(world, code=3)
    assert "send_carrier_pigeon" in output
    assert world.rows() == []


def test_queued_messages_of_campaigns_of_our_own_stay_in_the_archive(world: LegacyWorld) -> None:
    world.contract("Y", SENT, [(GROUP, "completed")])
    text = (world.folder / "campaigns" / "beijing.yaml").read_text(encoding="utf-8")
    text = text[: text.index("legacy:")].replace("PerformanceData-BJ-Aug", "ours")
    (world.folder / "campaigns" / "ours.yaml").write_text(text, encoding="utf-8")
    (world.folder / "state" / "ours.csv").write_bytes(
        world.csv().read_bytes().replace(b",Y,", b",N,").replace(b"YHWX-BJ", b"YHWX-OURS")
    )
    migrate(world)
    assert world.run("generate").exit_code == 0
    output = roll_back(world)
    assert "ours: the old program does not know this campaign: 1 queued messages are not given to it" in output
    assert [row["status"] for row in world.rows()] == ["completed"]
    migrate(world)
    live(world)
    ((_, message),) = world.delivered
    assert "YHWX-OURS" in message
