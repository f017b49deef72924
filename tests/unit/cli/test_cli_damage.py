"""Commands that read a damaged outbox: each says so in one line, and `store check` says what of it is damaged."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from cli_world import CliWorld, contract

from notifykit.errors import ExitCode
from notifykit.outbox.sqlite import schema

READING = (
    ("status",),
    ("tasks",),
    ("tasks", "--status", "foreign"),
    ("trace", contract(1)),
    ("report", "--since", "30d"),
    ("health",),
    ("alerts",),
    ("decisions",),
    ("machines",),
    ("check",),
    ("generate", "--dry-run"),
    ("rerender", "--dry-run"),
    ("store", "info"),
    ("store", "prune", "--dry-run", "--keep", "1s"),
    ("store", "backup", "{folder}/copy.db", "--replace"),
    ("store", "check"),
)


@pytest.fixture
def lived(world: CliWorld) -> CliWorld:
    """An outbox in one file, with messages in several states and a decision."""
    world.invoke("generate")
    world.invoke("dispatch", "--channel", "beijing-group")
    world.invoke("settle")
    world.invoke("cancel", "3", "--why", "x", "--yes")
    with closing(sqlite3.connect(world.store)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return world


def pages(file: Path) -> tuple[int, int]:
    """The size of a page, and how many there are."""
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True)) as db:
        (size,), (number,) = db.execute("PRAGMA page_size").fetchone(), db.execute("PRAGMA page_count").fetchone()
    return size, number


def overwritten(content: bytes, size: int, page: int, filler: bytes, skipped: int = 0) -> bytes:
    begin = page * size + skipped
    return content[:begin] + (filler * size)[: size - skipped] + content[(page + 1) * size :]


def some(turn: int) -> tuple[tuple[str, ...], ...]:
    """A few of the commands, in turn."""
    return tuple(READING[(3 * turn + at) % len(READING)] for at in range(3))


def require_told(world: CliWorld, what: str, commands: tuple[tuple[str, ...], ...] = READING) -> None:
    """Each command ends with a documented code and no traceback, and an error is one line."""
    for command in commands:
        result = world.invoke(*(part.format(folder=world.folder) for part in command))
        told = f"{what}: {' '.join(command)}: {result.exit_code}\n{result.output}"
        assert result.exit_code in set(map(int, ExitCode)), told
        assert "Traceback" not in result.output, told
        assert "please report" not in result.output, told
        if result.exit_code == ExitCode.ERROR and command[0] != "health":
            assert len(result.stderr.splitlines()) == 1, told


def damages(content: bytes, size: int, number: int) -> Iterator[tuple[str, bytes]]:
    """Yield one kind of damage of each page."""
    for page in range(number):
        yield (
            (f"page {page + 1} zeroed", overwritten(content, size, page, b"\0")),
            (f"page {page + 1} filled", overwritten(content, size, page, b"\xa5", 100 if page == 0 else 0)),
            (f"cells of page {page + 1}", overwritten(content, size, page, b"\x7f", 108 if page == 0 else 8)),
            (f"cut in page {page + 1}", content[: page * size + 17]),
        )[page % 4]


@pytest.mark.long
def test_each_page_that_is_damaged_is_told(lived: CliWorld) -> None:
    content = lived.store.read_bytes()
    size, number = pages(lived.store)
    for turn, (what, damaged) in enumerate(damages(content, size, number)):
        lived.store.write_bytes(damaged)
        require_told(lived, what, some(turn))
        lived.store.write_bytes(damaged)
        with closing(sqlite3.connect(f"{lived.store.as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            try:
                sound = db.execute("PRAGMA quick_check").fetchall() == [("ok",)]
            except sqlite3.Error:
                sound = False
        if not sound:
            assert lived.json("store", "check", code=7)["sound"] is False, what


@pytest.mark.long
def test_each_table_and_index_that_is_dropped_is_told(lived: CliWorld) -> None:
    content = lived.store.read_bytes()
    with closing(sqlite3.connect(lived.store)) as db:
        found = db.execute("SELECT type, name FROM sqlite_master").fetchall()
    ours = {"tasks", schema.STEPS_TABLE, *schema.objects()}
    for turn, (kind, name) in enumerate(one for one in found if one[1] in ours):
        lived.store.write_bytes(content)
        for suffix in ("-wal", "-shm"):
            lived.store.with_name(lived.store.name + suffix).unlink(missing_ok=True)
        with closing(sqlite3.connect(lived.store)) as db:
            db.execute(f"DROP {kind} {name}")
        told = lived.json("store", "check", code=7)["findings"]
        assert any(name in one["what"] for one in told), (name, told)
        require_told(lived, f"{kind} {name} dropped", some(turn))


@pytest.mark.parametrize("table", ["tasks", "attempts", "events", "campaigns", "notes", "decisions", "pruned"])
def test_a_column_that_is_dropped_is_told(lived: CliWorld, table: str) -> None:
    with closing(sqlite3.connect(lived.store)) as db:
        last = [name for _, name, *_ in db.execute(f"PRAGMA table_info({table})")][-1]
        db.execute(f"ALTER TABLE {table} RENAME COLUMN {last} TO other")
    told = lived.json("store", "check", code=7)["findings"]
    assert any(f"the table {table} lacks the columns {last}" in one["what"] for one in told), told
    require_told(lived, f"{table} without {last}", some(len(table)))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda file: file.write_bytes(b""), "there is an empty file in its place"),
        (lambda file: file.write_bytes(b"a diary\n" * 400), "file is not a database"),
        (lambda file: file.write_bytes(b"SQLite format 3\0"), ""),
        (lambda file: file.write_bytes(file.read_bytes()[:5000]), "SQLite says: "),
    ],
    ids=["empty", "a diary", "a header alone", "cut off"],
)
def test_what_is_no_outbox_any_more_is_told(lived: CliWorld, damage: Callable[[Path], object], said: str) -> None:
    damage(lived.store)
    told = lived.json("store", "check", code=7)
    assert (told["sound"], any(said in one["what"] for one in told["findings"])) == (False, True), told
    require_told(lived, said)


def test_each_line_of_the_check_is_a_finding(lived: CliWorld) -> None:
    with closing(sqlite3.connect(lived.store)) as db:
        roots = [
            root
            for (root,) in db.execute("SELECT rootpage FROM sqlite_master WHERE name IN ('attempts', 'tasks_dedup')")
        ]
    size, _ = pages(lived.store)
    content = lived.store.read_bytes()
    for root in roots:
        content = content[: (root - 1) * size + 8] + b"\x7f" * 40 + content[(root - 1) * size + 48 :]
    lived.store.write_bytes(content)
    told = [one for one in lived.json("store", "check", code=7)["findings"] if one["rule"] == "damaged"]
    assert len(told) > len(roots) == 2
    assert all(one["what"].startswith("SQLite says: ") and "\n" not in one["what"] for one in told)
    assert not any("***" in one["what"] for one in told)
    shown = lived.invoke("store", "check").stdout.splitlines()
    assert [line.partition("; ")[0] for line in shown][: len(told)] == [f"damaged: {one['what']}" for one in told]


def test_a_log_that_is_missing_or_cut_off_is_no_traceback(lived: CliWorld) -> None:
    with closing(sqlite3.connect(lived.store)) as db:
        db.execute("PRAGMA wal_autocheckpoint = 0")
        db.execute("UPDATE tasks SET updated_at = '2001-01-01'")
        db.commit()
        log = lived.store.with_name(f"{lived.store.name}-wal")
        content, index = log.read_bytes(), lived.store.with_name(f"{lived.store.name}-shm")
        copy = lived.store.read_bytes()
    assert content
    for cut in (0, 20, 100, len(content) // 2):
        lived.store.write_bytes(copy)
        log.write_bytes(content[:cut])
        index.unlink(missing_ok=True)
        require_told(lived, f"log cut at {cut}")
