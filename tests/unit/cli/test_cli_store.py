"""A project works with the outbox that it has had; `notifykit store`."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from cli_world import FINE, CliWorld, contract

from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite import schema
from notifykit.outbox.values import CampaignFigures, Filter
from notifykit.wording import Reason

WORKING = [
    "generate",
    "dispatch",
    "settle",
    "run --once",
    "check",
    "generate --dry-run",
    "dispatch --dry-run",
    "run --dry-run",
    "status",
    "tasks",
    f"trace {contract(1)}",
    "retry 1 --why x --who x",
]


def gone(world: CliWorld) -> None:
    """The store is moved away, and the flags are as if nothing had been sent."""
    world.store.parent.rename(world.folder / "old")
    unflag(world)


def unflag(world: CliWorld) -> None:
    world.write_rows([contract(number), f"测试管家{number}", str(number % 2), "N", FINE] for number in (1, 2))


def remembered(world: CliWorld) -> Path:
    return world.folder / "notifykit-store.json"


def test_a_store_that_is_gone_is_followed_by_no_empty_one(world: CliWorld) -> None:
    world.lived()
    gone(world)
    for command in WORKING:
        result = world.invoke(*command.split())
        assert result.exit_code == (4 if command == "check" else 1), command
        assert "the outbox of this project is gone: it was moved or deleted" in result.output
        assert "notifykit store accept" in result.output
        assert not world.store.exists()


def test_a_store_of_which_nothing_was_sent_may_be_deleted(world: CliWorld) -> None:
    assert world.invoke("generate").exit_code == 0
    world.store.unlink()
    assert world.invoke("generate").exit_code == 0
    assert world.invoke("dispatch").exit_code == 0
    world.store.unlink()
    assert world.invoke("generate").exit_code == 1


def test_an_empty_file_is_no_store_either(world: CliWorld) -> None:
    world.lived()
    gone(world)
    world.store.parent.mkdir()
    world.store.touch()
    for command in WORKING:
        assert "the outbox of this project is gone" in world.invoke(*command.split()).output, command
        assert world.store.stat().st_size == 0


def test_another_store_in_its_place_is_not_used(world: CliWorld) -> None:
    world.lived()
    gone(world)
    SqliteOutbox.open(world.store).close()
    before = world.store.read_bytes()
    for command in WORKING:
        result = world.invoke(*command.split())
        assert result.exit_code == (4 if command == "check" else 1), command
        assert "is not the outbox that this project has worked with" in result.output
        assert world.store.read_bytes() == before


def test_a_table_of_the_old_program_in_its_place_stays_one(world: CliWorld) -> None:
    world.lived()
    gone(world)
    world.store.parent.mkdir()
    with closing(sqlite3.connect(world.store)) as connection:
        connection.execute(schema.LEGACY_TABLE)
    before = world.store.read_bytes()
    assert "is not the outbox that this project has worked with" in world.invoke("generate").output
    assert world.store.read_bytes() == before


def test_another_name_for_the_store_is_not_a_new_store(world: CliWorld) -> None:
    world.lived()
    unflag(world)
    world.edit("notifykit.yaml", "state/notifykit.db", "state/notifykti.db")
    assert world.invoke("run", "--once").exit_code == 1
    assert not (world.folder / "state" / "notifykti.db").exists()
    world.store.rename(world.folder / "state" / "notifykti.db")
    assert world.invoke("run", "--once").exit_code == 0


def test_a_copy_of_the_store_is_the_store(world: CliWorld) -> None:
    world.lived()
    shutil.copyfile(world.store, world.folder / "copy.db")
    world.store.unlink()
    (world.folder / "copy.db").rename(world.store)
    assert world.invoke("run", "--once").exit_code == 0


def test_a_project_that_is_copied_whole_works_with_its_copy(world: CliWorld) -> None:
    world.lived()
    shutil.copytree(world.folder, world.folder.with_name("rehearsal"))
    result = world.run("run", "--once", "--json", cwd=world.folder.with_name("rehearsal"))
    assert result.returncode == 0, result.stderr


def test_a_person_says_that_a_new_one_is_meant(world: CliWorld) -> None:
    world.lived()
    gone(world)
    asked = world.invoke("store", "accept")
    assert asked.exit_code == 2
    assert "confirm it with --yes" in asked.stderr
    said = {"store": str(world.store), "there": False, "forgotten": True, "taken_over": False}
    assert world.json("store", "accept", "--yes") == said
    assert world.invoke("generate").exit_code == 0
    assert world.invoke("dispatch").exit_code == 0
    with world.outbox() as outbox:
        assert [task.key for task in outbox.tasks(Filter())] == [contract(1), contract(1), contract(2)]
        assert json.loads(remembered(world).read_bytes())["identity"] == outbox.identity


def test_a_person_says_that_another_one_is_meant(world: CliWorld) -> None:
    world.lived()
    gone(world)
    SqliteOutbox.open(world.store).close()
    accepted = world.invoke("store", "accept", "--yes")
    assert accepted.stdout == f"accepted: the next command takes {world.store}\n"
    assert world.invoke("run", "--once").exit_code == 0
    again = world.invoke("store", "accept", "--yes")
    assert again.exit_code == 0


def test_there_is_nothing_to_accept_before_there_was_a_store(world: CliWorld) -> None:
    assert world.invoke("store", "accept").stdout == "nothing to accept: no other outbox is remembered\n"


@pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b'{"identity": 5}', b'{"identity": ""}', b"\xff"])
def test_a_damaged_memory_is_told_and_can_be_accepted(world: CliWorld, damage: bytes) -> None:
    world.lived()
    remembered(world).write_bytes(damage)
    result = world.invoke("run", "--once")
    assert result.exit_code == 1
    assert "does not say which outbox this project has" in result.stderr
    assert world.invoke("store", "accept", "--yes").exit_code == 0
    assert world.invoke("run", "--once").exit_code == 0


def test_looking_remembers_nothing(world: CliWorld) -> None:
    SqliteOutbox.open(world.store).close()
    for command in ("status", "tasks"):
        assert world.invoke(*command.split()).exit_code == 0
    assert not remembered(world).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="one permission for all")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_whoever_may_read_the_project_file_may_read_what_is_remembered(world: CliWorld, mode: int) -> None:
    world.project.chmod(mode)
    world.invoke("run", "--once")
    assert remembered(world).stat().st_mode & 0o777 == mode


def test_two_project_files_in_one_folder_have_an_outbox_each(world: CliWorld) -> None:
    world.lived()
    text = world.project.read_text(encoding="utf-8").replace("state/notifykit.db", "state/second.db")
    (world.folder / "second.yaml").write_text(text, encoding="utf-8")
    world.environment["NOTIFYKIT_PROJECT"] = str(world.folder / "second.yaml")
    assert world.run("check").returncode == 0


def test_a_backup_is_made_while_others_work_and_takes_the_place_of_the_store(world: CliWorld) -> None:
    world.invoke("generate")
    with world.outbox() as outbox:
        outbox.pause("award-desk", 60, Reason("x"))
        made = world.json("store", "backup", str(world.folder / "copy.db"))
        outbox.resume("award-desk", who="w", why="y")
    assert made["tasks"] == 3
    world.invoke("dispatch")
    assert world.invoke("store", "backup", str(world.folder / "copy.db")).exit_code == 1
    world.store.unlink()
    (world.folder / "copy.db").rename(world.store)
    assert world.json("status")["campaigns"][0]["by_status"]["queued"] == 3


def test_a_store_that_is_written_to_while_it_is_read_is_read_again(
    world: CliWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.lived()
    figures = SqliteOutbox.figures
    looks: list[int] = []

    def meanwhile(outbox: SqliteOutbox) -> list[CampaignFigures]:
        found = figures(outbox)
        looks.append(1)
        if len(looks) == 1:
            with SqliteOutbox.open(world.store) as other:
                other.pause("award-desk", 60, Reason("meanwhile"))
        return found

    monkeypatch.setattr(SqliteOutbox, "figures", meanwhile)
    assert [pause["reason"] for pause in world.json("status")["pauses"]] == ["meanwhile"]
    assert len(looks) == 2


def test_what_a_killed_process_left_of_it_is_tidied_away(world: CliWorld) -> None:
    left = [remembered(world).with_name(f".{remembered(world).name}.{name}") for name in ("d234b479", "0")]
    other = world.folder / ".notifykit-store.jsonl"
    for path in (*left, other):
        path.write_text("{", encoding="utf-8")
    world.lived()
    assert [path for path in left if path.exists()] == []
    assert other.exists()
    assert remembered(world).exists()
