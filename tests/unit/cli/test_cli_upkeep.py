"""`notifykit store info`, `store check` and `store prune`."""

from __future__ import annotations

import json
import platform
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from cli_world import CliWorld, contract

from notifykit.clock import SystemClock
from notifykit.model import Outcome, Status
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.values import ChannelBounds, Transition
from notifykit.testing.outbox.steps import finish, take
from notifykit.testing.samples import draft


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
    assert result.exit_code == 7
    assert result.stdout.startswith("damaged: SQLite says: ")
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


def beside(world: CliWorld) -> Path:
    return Path(archive(world))


def test_with_nothing_to_move_no_archive_is_named(old: CliWorld) -> None:
    shown = old.invoke("store", "prune", "--keep", "1000d").stdout
    assert (shown.startswith("no message was finished before "), "archive" in shown) == (True, False)
    assert old.json("store", "prune", "--keep", "1000d")["archive"] is None
    assert old.json("store", "prune", "--keep", "1000d", "--dry-run")["archive"] is None
    assert not beside(old).exists()
    assert old.json("store", "prune")["archive"] == archive(old)
    assert old.json("store", "prune")["archive"] == archive(old)


def flags_unset(world: CliWorld) -> None:
    world.write_rows([contract(number), f"测试管家{number}", str(number % 2), "N", ""] for number in (1, 2))


@pytest.fixture
def restored(old: CliWorld) -> CliWorld:
    """An outbox from before the prune, that never heard of what is in the archive beside it; its flags are unset."""
    old.invoke("store", "prune")
    change(old, "DELETE FROM pruned")
    change(old, "DELETE FROM pruned_messages")
    change(old, "DELETE FROM archives")
    change(old, "DELETE FROM notes")
    flags_unset(old)
    return old


def test_what_only_the_archive_knows_is_not_queued_again(restored: CliWorld) -> None:
    (found,) = restored.json("store", "check", code=3)["findings"]
    assert (found["rule"], found["number"], found["held"]) == ("archive_unheard", 3, True)
    checked = restored.invoke("check")
    assert "note: store: 3 messages in the archive" in checked.stdout
    dry = restored.json("generate", "--dry-run")
    assert dry["recalled"] == 3
    made = restored.json("generate")
    assert (made["recalled"], [one["queued"] for one in made["campaigns"]]) == (3, [0])
    assert restored.json("generate")["recalled"] == 0
    assert restored.json("store", "check")["findings"] == []
    assert "archive" not in restored.invoke("check").stdout
    assert restored.json("tasks")["archived"] == 3


def test_whoever_queues_says_what_only_the_archive_knows(restored: CliWorld) -> None:
    result = restored.run("run", "--once")
    assert result.returncode == 0, result.stderr
    assert f"3 messages in {archive(restored)} were not known to the outbox, and are now" in result.stderr
    assert restored.json("tasks")["tasks"] == []


def test_the_story_of_what_only_the_archive_knows_is_told(restored: CliWorld) -> None:
    shown = restored.invoke("trace", contract(1)).stdout
    assert "award-desk: sent and written back" in shown
    assert f"archived: {contract(1)} is in {archive(restored)} on {platform.node()}, and the outbox has not" in shown
    told = restored.json("trace", contract(1))["archived"]
    assert (told["messages"], len(told["stories"]), told["archive"]) == ([], 1, archive(restored))
    assert restored.invoke("trace", contract(1), "--campaign", "beijing").exit_code == 0
    assert restored.invoke("trace", "404").exit_code == 1


def test_an_archive_that_cannot_be_read_is_a_warning_for_what_is_not_in_it(old: CliWorld) -> None:
    old.invoke("store", "prune")
    old.write_rows([[contract(9), "测试管家9", "0", "N", ""]])
    beside(old).write_text("a diary" * 99, encoding="utf-8")
    made = old.run("generate")
    assert made.returncode == 0
    assert "the archive cannot be used: file is not a database; put the archive back from a backup" in made.stderr
    shown = old.invoke("trace", contract(9))
    assert (shown.exit_code, "queued as task" in shown.stdout) == (0, True)
    assert shown.stderr.startswith("warning: ")
    assert old.invoke("trace", contract(1)).exit_code == 1


@pytest.mark.parametrize(
    ("rule", "spoil"),
    [
        ("archive_missing", lambda file: file.unlink()),
        ("archive_unusable", lambda file: file.write_bytes(b"a diary" * 99)),
        ("archive_unusable", lambda file: file.write_bytes(b"")),
        ("archive_unusable", lambda file: spoiled(file, "UPDATE outbox_identity SET id = 'another'")),
        ("archive_unusable", lambda file: spoiled(file, "DELETE FROM outbox_copy")),
        ("archive_lacks", lambda file: spoiled(file, "DELETE FROM tasks", "DELETE FROM attempts")),
        ("attempts_of_nothing", lambda file: spoiled(file, "UPDATE attempts SET task_id = 99 WHERE task_id = 1")),
        ("schema", lambda file: spoiled(file, "DROP INDEX tasks_owed")),
    ],
)
def test_an_archive_that_is_lost_damaged_or_anothers_is_told(
    old: CliWorld, rule: str, spoil: Callable[[Path], object]
) -> None:
    old.invoke("store", "prune")
    spoil(beside(old))
    told = old.json("store", "check", code=7)
    assert (told["sound"], [one["rule"] for one in told["findings"]]) == (False, [rule])
    assert archive(old) in told["findings"][0]["what"]
    shown = old.invoke("store", "check").stdout
    assert ("found sound" in shown, "store:" in shown) == (False, False)
    if rule.startswith("archive"):
        checked = old.invoke("check")
        assert (checked.exit_code, "held: store: " in checked.stdout) == (3, True)


def spoiled(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file)) as db, db:
        for statement in statements:
            db.execute(statement)


def test_no_archive_is_begun_silently_where_there_was_one(old: CliWorld) -> None:
    old.invoke("store", "prune", "--keep", "399d")
    beside(old).unlink()
    assert "it is not there; put it back" in old.invoke("store", "info").stdout
    (place,) = old.json("store", "info")["archives"]
    assert (place["path"], place["file"]) == (archive(old), None)
    with closing(SqliteOutbox.open(old.store, YearsAgo())) as outbox:
        outbox.enqueue([draft(campaign="beijing", key="later", channel="award-desk")])
        for one in take(outbox, "w", 9, {"award-desk": ChannelBounds()}, 60):
            finish(outbox, one, Outcome.accepted(), Transition(status=Status.SENT))
        outbox.complete([task.id for task in outbox.owed("beijing")])
    for arguments in ((), ("--dry-run",)):
        refused = old.invoke("store", "prune", *arguments)
        assert refused.exit_code == 1
        assert refused.stderr == (
            f"error: {archive(old)}: the archive, with 3 messages, is not there; put it back; where it is lost for "
            "good, `notifykit store prune --new-archive` begins another\n"
        )
    assert not beside(old).exists()
    assert old.json("store", "prune", "--new-archive")["moved"] == 1
    assert old.invoke("store", "check").exit_code == 0
    assert [one["tasks"] for one in old.json("store", "info")["archives"]] == [1]


def test_a_copied_project_has_the_archive_beside_it(old: CliWorld, tmp_path: Path) -> None:
    old.invoke("store", "prune")
    shutil.copytree(old.folder, tmp_path / "copied")
    copied = old.at(tmp_path / "copied")
    (place,) = copied.json("store", "info")["archives"]
    assert (place["path"], place["file"]) == (archive(old), archive(copied))
    assert f"archive: {archive(copied)} on" in copied.invoke("store", "info").stdout
    assert copied.invoke("store", "check").exit_code == 0
    told = json.loads(copied.run("trace", contract(1), "--json").stdout)  # whose sender is that of the copy
    assert len(told["archived"]["stories"]) == 1


def test_what_was_pruned_is_counted_and_told(old: CliWorld) -> None:
    before = old.json("report", "--since", "500d")
    old.invoke("store", "prune")
    (figures,) = old.json("status")["campaigns"]
    assert (figures["campaign"], figures["archived"], figures["by_status"]["completed"]) == ("beijing", 3, 0)
    rows = [line.split() for line in old.invoke("status").stdout.splitlines()]
    assert (rows[0][-1], rows[1][0], rows[1][-1]) == ("archived", "beijing", "3")
    after = old.json("report", "--since", "500d")
    # Another day may have begun meanwhile.
    lived = [[day["campaigns"] for day in told["days"] if day["campaigns"]] for told in (before, after)]
    assert lived[0] == lived[1] != []
    assert [(one["sent"], one["archived"]) for one in before["campaigns"]] == [(3, 0)]
    assert [(one["sent"], one["archived"]) for one in after["campaigns"]] == [(3, 3)]
    shown = old.invoke("report").stdout
    assert "archived: 3 messages of beijing, sent and written back\n" in shown
    old.invoke("report", "--html", str(old.folder / "report.html"))
    assert "3 messages were moved to an archive" in (old.folder / "report.html").read_text(encoding="utf-8")
    beside(old).unlink()
    away = old.json("report", "--since", "500d")
    assert (away["archived_uncounted"], [(one["sent"], one["archived"]) for one in away["campaigns"]]) == (3, [(0, 3)])
    assert "archived: 3 messages are in an archive that cannot be read here" in old.invoke("report").stdout


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
