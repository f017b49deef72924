"""`notifykit store info`, `store check` and `store prune`."""

from __future__ import annotations

import platform
import sqlite3
import subprocess
from contextlib import closing

import pytest
from cli_world import CliWorld, contract

from notifykit.clock import SystemClock
from notifykit.model import Outcome, Status
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.values import ChannelBounds, Transition
from notifykit.testing.outbox.steps import finish, take


def change(world: CliWorld, statement: str) -> None:
    """Do what another program might."""
    with closing(sqlite3.connect(world.store)) as db, db:
        db.execute(statement)


@pytest.fixture
def lived(world: CliWorld) -> CliWorld:
    world.invoke("generate")
    world.invoke("dispatch", "--channel", "beijing-group")
    world.invoke("settle")
    return world


def test_what_is_in_the_store_is_told(lived: CliWorld) -> None:
    told = lived.json("store", "info")
    assert told["store"] == str(lived.store)
    assert told["bytes"]["file"] == lived.store.stat().st_size
    assert told["rows"] == {"tasks": 3, "attempts": 2, "events": 0, "decisions": 0}
    assert told["tasks"] == {"completed": 1, "queued": 1, "sent": 1}
    assert told["oldest_waiting"] < told["oldest_finished"]
    shown = lived.invoke("store", "info").stdout
    assert "tasks, completed       1\n" in shown
    assert "oldest waiting: 20" in shown


def test_a_sound_store(lived: CliWorld) -> None:
    before = lived.store.read_bytes()
    result = lived.invoke("store", "check")
    assert (result.exit_code, result.stdout) == (0, f"{lived.store}: found sound\n")
    assert lived.json("store", "check") == {"store": str(lived.store), "sound": True, "findings": []}
    assert lived.store.read_bytes() == before


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("DELETE FROM tasks WHERE id = 1", "attempts_of_nothing"),
        ("INSERT INTO events (at, task_id, kind, who, detail) VALUES (0.0, 99, 'x', 'x', 'x')", "events_of_nothing"),
        (
            "INSERT INTO decided (decision, task_id, became, number, flagged) VALUES (1, 99, 'x', 1, 0)",
            "decisions_of_nothing",
        ),
        ("UPDATE tasks SET attempts = 0 WHERE status = 'completed'", "unfenced"),
        ("UPDATE tasks SET due_at = NULL WHERE status = 'queued'", "no_turn"),
        ("DROP INDEX tasks_owed", "schema"),
    ],
)
def test_what_breaks_a_rule_is_damage(lived: CliWorld, statement: str, rule: str) -> None:
    change(lived, statement)
    told = lived.json("store", "check", code=7)
    assert (told["sound"], [one["rule"] for one in told["findings"]]) == (False, [rule])
    result = lived.invoke("store", "check")
    assert result.exit_code == 7
    assert result.stdout.startswith("damaged: ")


def test_a_damaged_file_is_found(lived: CliWorld) -> None:
    change(lived, "PRAGMA journal_mode = DELETE")
    with closing(sqlite3.connect(lived.store)) as db:
        (root,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'tasks_dedup'").fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
    with lived.store.open("r+b") as file:
        file.seek((root - 1) * size + 8)
        file.write(b"\x7f" * 40)
    result = lived.invoke("store", "check")
    assert result.exit_code in (1, 7)  # SQLite may refuse to read at all
    assert len(result.output.splitlines()) >= 1
    assert "Traceback" not in result.output
    assert "found sound" not in result.output


def test_what_another_program_wrote_over_waits_for_a_person(lived: CliWorld) -> None:
    change(lived, "UPDATE tasks SET status = 'verschickt' WHERE status = 'sent'")
    told = lived.json("store", "check", code=3)
    assert (told["sound"], [(one["rule"], one["held"]) for one in told["findings"]]) == (True, [("foreign", True)])
    assert "held: 1 messages" in lived.invoke("store", "check").stdout


def test_where_nothing_was_queued_yet(world: CliWorld) -> None:
    for command in ("info", "check"):
        result = world.invoke("store", command)
        assert (result.exit_code, result.stdout) == (0, "")
        assert "nothing has been queued yet" in result.stderr


class YearsAgo(SystemClock):
    """A clock that is behind."""

    def now(self) -> float:
        return super().now() - 400 * 86_400


@pytest.fixture
def old(world: CliWorld) -> CliWorld:
    """All is sent and written back for long."""
    world.invoke("generate")
    with closing(SqliteOutbox.open(world.store, YearsAgo())) as outbox:
        for name in ("beijing-group", "award-desk"):
            for one in take(outbox, "w", 9, {name: ChannelBounds()}, 60):
                finish(outbox, one, Outcome.accepted(), Transition(status=Status.SENT))
                for other in take(outbox, "w", 9, {name: ChannelBounds()}, 60):
                    finish(outbox, other, Outcome.accepted(), Transition(status=Status.SENT))
        outbox.complete([task.id for task in outbox.owed("beijing")])
    world.write_rows([contract(number), f"测试管家{number}", str(number % 2), "Y", ""] for number in (1, 2))
    return world


def archive(world: CliWorld) -> str:
    return str(world.store.with_name("notifykit-archive.db"))


def test_what_is_finished_for_long_goes_to_the_archive(old: CliWorld) -> None:
    told = old.json("store", "prune", "--dry-run")
    assert (told["moved"], told["archive"], told["keep"], told["dry_run"]) == (3, archive(old), 180 * 86_400, True)
    assert old.json("store", "info")["prunable"] == 3
    assert not old.store.with_name("notifykit-archive.db").exists()
    result = old.invoke("store", "prune")
    assert result.exit_code == 0
    assert result.stdout.startswith("3 messages finished before ")
    assert result.stdout.endswith(f" moved to {archive(old)}\n")
    info = old.json("store", "info")
    assert (info["rows"]["tasks"], info["prunable"], [one["tasks"] for one in info["archives"]]) == (0, 0, [3])
    assert old.invoke("store", "check").exit_code == 0
    assert old.json("store", "prune")["moved"] == 0


def test_how_long_is_said_by_the_project_or_by_the_command(old: CliWorld) -> None:
    old.edit("notifykit.yaml", "store:", "keep: 1000d\nstore:")
    assert old.json("store", "prune", "--dry-run")["moved"] == 0
    assert old.json("store", "prune", "--dry-run", "--keep", "399d")["moved"] == 3
    assert old.json("store", "prune", "--dry-run", "--keep", "401d")["moved"] == 0
    for wrong in ("0", "soon"):
        assert old.invoke("store", "prune", "--keep", wrong).exit_code == 2
    old.edit("notifykit.yaml", "1000d", "lange")
    result = old.invoke("store", "prune")
    assert (result.exit_code, "notifykit.yaml:2: keep: must be a duration" in result.stderr) == (4, True)


def test_what_left_is_known_and_found_again(old: CliWorld) -> None:
    old.invoke("store", "prune")
    old.write_rows([contract(number), f"测试管家{number}", str(number % 2), "N", ""] for number in (1, 2))
    (found,) = old.json("generate")["campaigns"]
    assert (found["queued"], found["flags_owed_again"]) == (0, [])
    assert found["archived_not_flagged"] == [contract(1), contract(2)]
    assert "sent, but not flagged, and in an archive" in old.invoke("generate").stdout
    assert "award-desk: sent and written back" in old.invoke("trace", contract(1)).stdout
    gone = old.json("trace", contract(1))["archived"]
    assert [one["message"] for one in gone["messages"]] == ["award", "group"]
    assert [task["message"] for task in gone["stories"][0]["tasks"]] == ["group", "award"]
    assert old.json("tasks")["archived"] == 3
    where = f"{archive(old)} on {platform.node()}"
    assert old.invoke("tasks", "--key", contract(1)).stdout == (
        f"no messages\narchived: 2 messages of {contract(1)} in {where}; `notifykit trace KEY`\n"
    )
    refused = old.invoke("resend", contract(1), "--campaign", "beijing", "--why", "x", "--yes")
    assert (refused.exit_code, "is in the archive" in refused.stderr) == (1, True)
    old.store.with_name("notifykit-archive.db").rename(old.folder / "moved.db")
    away = old.invoke("trace", contract(1))
    assert (away.exit_code, "their story is told where that file is" in away.stdout) == (0, True)


def test_the_archive_is_no_store(old: CliWorld) -> None:
    old.invoke("store", "prune")
    old.edit("notifykit.yaml", "notifykit.db", "notifykit-archive.db")
    (old.folder / "notifykit-store.json").unlink(missing_ok=True)
    for command in ("generate", "status", "run --once"):
        result = old.invoke(*command.split())
        assert (result.exit_code, "and no outbox to work with" in result.stderr) == (1, True), command


def test_an_archive_that_is_something_else_stops_it(old: CliWorld) -> None:
    old.store.with_name("notifykit-archive.db").write_text("a diary", encoding="utf-8")
    result = old.invoke("store", "prune")
    assert (result.exit_code, result.stdout) == (1, "")
    assert len(result.stderr.splitlines()) == 1
    assert old.json("store", "info")["prunable"] == 3


def test_a_dispatcher_beside_it_goes_on(old: CliWorld) -> None:
    """Both at once, in processes of their own: all that was there is moved, all that is new is sent."""
    rows = [[contract(number), f"管家{number}", "0", "N" if number > 2 else "Y", ""] for number in range(1, 60)]
    old.write_rows(rows)
    old.invoke("generate")
    with subprocess.Popen([*old.command, "dispatch"], env=old.in_process, stdout=subprocess.DEVNULL) as dispatching:
        assert old.run("store", "prune").returncode == 0
        assert dispatching.wait(60) == 0
    info = old.json("store", "info")
    assert (info["tasks"], [one["tasks"] for one in info["archives"]]) == ({"sent": 57}, [3])
