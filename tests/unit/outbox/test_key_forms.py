"""An upgrade finds the normal forms of the keys that are there; look-ups go by an index."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import other_versions
import pytest

from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite import key_forms
from notifykit.outbox.sqlite.steps import steps
from notifykit.testing.samples import draft

BEFORE = [step.name for step in steps()].index("0007_key_forms")


def older_store(file: Path, keys: int) -> None:
    """A store as it was before normal forms were kept; every hundredth key is not its own."""
    file.unlink(missing_ok=True)
    with closing(sqlite3.connect(file)) as db:
        from notifykit.outbox.sqlite.schema import LEGACY_TABLE

        db.execute(LEGACY_TABLE)
        db.commit()
    other_versions.upgrade_so_far(file, BEFORE)
    with closing(sqlite3.connect(file)) as db, db:
        db.executemany(
            "INSERT INTO tasks (task_type, recipient, message, status, campaign, record_key, message_name, round) "
            "VALUES ('t', 'r', 'm', 'completed', 'c', ?, 'group', 1)",
            ((f"{'' if number % 100 else '00'}{10**9 + number}",) for number in range(keys)),
        )


def test_an_upgrade_keeps_the_forms_of_the_keys_that_are_there(tmp_path: Path) -> None:
    file = tmp_path / "outbox.db"
    older_store(file, 300)
    with SqliteOutbox.open(file) as outbox:
        assert outbox.other_spellings("c", ["1000000100", "01000000101", "1000000102"]) == {
            "1000000100": ("001000000100",),
            "01000000101": ("1000000101",),
        }
        assert outbox.db.one("SELECT count(*) FROM key_forms") == (3,)


def test_who_only_looks_at_an_older_store_finds_them_too(tmp_path: Path) -> None:
    file = tmp_path / "outbox.db"
    older_store(file, 300)
    before = file.read_bytes()
    with SqliteOutbox.look(file) as outbox:
        assert outbox.other_spellings("c", ["1000000100", "1000000102"]) == {"1000000100": ("001000000100",)}
        assert outbox.distinct_keys("c") == []
    assert file.read_bytes() == before


def test_an_upgrade_of_a_big_store_takes_a_moment_for_each_thousand_keys(tmp_path: Path) -> None:
    file = tmp_path / "outbox.db"
    older_store(file, 20_000)
    begun = time.process_time()
    SqliteOutbox.open(file).close()
    assert time.process_time() - begun < 1


def values(statement: str) -> Any:
    return {"campaign": "c", "form": "7"} if ":" in statement else ("c",) * statement.count("?")


@pytest.mark.parametrize("statement", [key_forms._OF_FORM, key_forms._ANY, key_forms._KEYS])
def test_no_look_up_reads_a_table_from_end_to_end(tmp_path: Path, statement: str) -> None:
    with SqliteOutbox.open(tmp_path / "outbox.db") as outbox:
        outbox.enqueue([draft(key="007")])
        plan = [row[3] for row in outbox.db.all(f"EXPLAIN QUERY PLAN {statement}", values(statement))]
        looking = [line for line in plan if line.startswith(("SCAN", "SEARCH"))]
        assert looking
        assert all("INDEX tasks_dedup" in line or "PRIMARY KEY (" in line for line in looking), plan
