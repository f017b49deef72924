"""`notifykit store info` and `store check`."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from cli_world import CliWorld


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
