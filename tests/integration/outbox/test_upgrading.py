"""From every earlier state to the present schema, in one transaction: whole, or not at all."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import other_versions
import pytest

from notifykit.clock import SystemClock
from notifykit.errors import StoreError
from notifykit.model import Draft
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite import schema
from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.sqlite.schema import LEGACY_COLUMNS, upgrade
from notifykit.outbox.sqlite.steps import SchemaStep, read_step, steps
from notifykit.outbox.values import ChannelBounds, Filter
from notifykit.testing.outbox.steps import take

INVENTED = read_step(
    f"{len(steps()) + 1:04}_invented",
    """
    ALTER TABLE tasks ADD COLUMN "shade" TEXT;
    UPDATE tasks SET shade = CASE status WHEN 'completed' THEN 'dark' ELSE 'light' END;
    CREATE TABLE shades (name TEXT PRIMARY KEY) WITHOUT ROWID;
    INSERT INTO shades SELECT DISTINCT shade FROM tasks;
    """.replace("\n    ", "\n"),
)
"""A step after those that there are: so that there is always one that meets a store of ours with rows in it."""


def _nothing(file: Path) -> None:
    file.unlink()


def _legacy(file: Path) -> None:
    pass


def _after(count: int) -> Callable[[Path], None]:
    return lambda file: other_versions.upgrade_so_far(file, count)


EARLIER: dict[str, Callable[[Path], None]] = {
    "no file": _nothing,
    "a legacy table": _legacy,
    "steps not written down": other_versions.upgrade_without_record,
    **{step.name: _after(number) for number, step in enumerate(steps(), start=1)},
}
"""What a version can find, by the last step that was taken: each makes it of a legacy table with two rows."""

LATER = (*steps(), INVENTED)

VERSIONS = {"this version": steps(), "a later version": LATER}


@pytest.fixture(params=EARLIER)
def earlier(request: pytest.FixtureRequest, legacy_file: Path) -> Path:
    EARLIER[request.param](legacy_file)
    return legacy_file


@pytest.fixture(
    params=[pytest.param(7, id="some"), pytest.param(1, id="all", marks=[pytest.mark.crash, pytest.mark.deep])]
)
def every(request: pytest.FixtureRequest) -> int:
    """How many places of a sweep go to one that is tried. `make crash` tries all."""
    return int(request.param)


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> tuple[SchemaStep, ...]:
    return VERSIONS[request.param]


def facts(file: Path) -> dict[str, Any]:
    """Everything that a store says, but for the times at which steps were taken, and its identity, which is random."""
    with closing(sqlite3.connect(file)) as db:
        found: dict[str, Any] = {
            "schema": db.execute("SELECT name, tbl_name, sql FROM sqlite_master ORDER BY name").fetchall(),
            "user_version": db.execute("PRAGMA user_version").fetchall(),
            "integrity": db.execute("PRAGMA integrity_check").fetchall(),
            "steps": schema._recorded(db),
        }
        for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            if table == "outbox_identity":
                found[table] = db.execute("SELECT count(DISTINCT id), min(length(id)) FROM outbox_identity").fetchall()
            elif table != schema.STEPS_TABLE:
                found[table] = sorted(db.execute(f'SELECT * FROM "{table}"').fetchall(), key=repr)
    return found


def opened(file: Path, version: Sequence[SchemaStep]) -> dict[str, Any]:
    """Open a store by a version, and tell what it says then."""
    with other_versions.knowing(version):
        SqliteOutbox.open(file).close()
    return facts(file)


def copied(file: Path, target: Path) -> Path:
    for suffix in ("", "-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
        if (part := file.with_name(file.name + suffix)).exists():
            shutil.copyfile(part, target.with_name(target.name + suffix))
    return target


def test_every_earlier_store_becomes_the_same(earlier: Path, tmp_path: Path, version: tuple[SchemaStep, ...]) -> None:
    rows = facts(earlier).get("tasks", []) if earlier.exists() else []
    found = opened(earlier, version)
    new = opened(tmp_path / "new.db", version)
    assert [(name, table) for name, table, _ in found["schema"]] == [(name, table) for name, table, _ in new["schema"]]
    assert {name: sql for name, _, sql in found["schema"] if name != "tasks"} == {
        name: sql for name, _, sql in new["schema"] if name != "tasks"
    }
    assert found["steps"] == tuple(step.name for step in version)
    assert found["user_version"] == [(0,)]
    assert found["integrity"] == [("ok",)]
    assert [row[:7] for row in found["tasks"]] == [row[:7] for row in rows]
    assert opened(earlier, version) == found, "opened again, it is left as it is"


def test_the_legacy_reader_reads_on(earlier: Path, version: tuple[SchemaStep, ...]) -> None:
    opened(earlier, version)
    with closing(sqlite3.connect(earlier)) as old, old:
        old.execute("INSERT INTO tasks (task_type, recipient, message) VALUES ('report', 'r', 'm')")
        names = tuple(column[0] for column in old.execute("SELECT * FROM tasks").description)
        assert names[:7] == LEGACY_COLUMNS
        needed = [row[1] for row in old.execute("PRAGMA table_info(tasks)") if row[3] and row[4] is None]
        assert set(needed) <= set(LEGACY_COLUMNS)
        assert old.execute("SELECT * FROM tasks WHERE status = 'pending' ORDER BY id DESC").fetchone()[1:4] == (
            "report",
            "r",
            "m",
        )


def test_tasks_go_through_a_step_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "outbox.db"
    draft = Draft(campaign="c", key="k", name="n", recipient="r", text="t", channel="ch", task_type="x")
    with SqliteOutbox.open(file) as outbox:
        outbox.enqueue([draft])
        take(outbox, "w", 1, {"ch": ChannelBounds()}, 60)
        before = list(outbox.tasks(Filter()))
    found = opened(file, VERSIONS["a later version"])
    assert (found["tasks"][0][-1], found["shades"]) == ("light", [("light",)])
    with closing(Database(file, SystemClock())) as db:
        assert list(SqliteOutbox(db).tasks(Filter())) == before
    with pytest.raises(StoreError, match=f"has had the step {INVENTED.name}"):
        SqliteOutbox.open(file)


def die_at_statement(file: Path, version: Sequence[SchemaStep], number: int) -> bool:
    """Open a store in a process that kills itself before its `number`-th statement. False: it came through."""
    if sys.platform == "win32":
        raise OSError("Windows has no fork")
    child = os.fork()
    if not child:
        try:
            count = 0

            def count_down(_: str) -> None:
                nonlocal count
                count += 1
                if count == number:
                    os.kill(os.getpid(), signal.SIGKILL)

            db = Database(file, SystemClock())
            db.connection.set_trace_callback(count_down)
            with other_versions.knowing(version):
                schema.prepare(db, create=True)
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.waitstatus_to_exitcode(status) == 0
    return False


Strike = Callable[[Path, Sequence[SchemaStep], int], bool]
"""Stop an upgrade of a file at a number of something. False: there were not so many."""


def require_all_or_nothing(earlier: Path, folder: Path, every: int, strike: Strike) -> None:
    """Strike at every so many, and look: the file is as it was, and the next start brings it to where it should be."""
    before = facts(earlier) if earlier.exists() else facts(folder / "nothing.db")
    victim = folder / "victim.db"
    after = opened(copied(earlier, victim), LATER)
    number = 0
    while strike(copied(earlier, victim), LATER, number := number + every):
        assert facts(victim) == before, f"at {number}"
        assert opened(victim, LATER) == after, f"at {number}"
    assert facts(victim) == after
    assert number > len(INVENTED.statements)


@pytest.mark.long
def test_a_kill_at_any_statement_leaves_all_or_nothing(earlier: Path, tmp_path: Path, every: int) -> None:
    require_all_or_nothing(earlier, tmp_path, every, die_at_statement)


def refuse_at(file: Path, version: Sequence[SchemaStep], number: int) -> bool:
    """Open a store with an authorizer that refuses the `number`-th action. False: so many were not asked for."""
    count = 0

    def authorize(*_: object) -> int:
        nonlocal count
        count += 1
        return sqlite3.SQLITE_DENY if count == number else sqlite3.SQLITE_OK

    with closing(Database(file, SystemClock())) as db, other_versions.knowing(version):
        db.connection.set_authorizer(authorize)
        refused = is_refused(db)
    assert refused == (count >= number)
    return refused


def is_refused(db: Database) -> bool:
    try:
        schema.prepare(db, create=True)
    except StoreError:
        return True
    return False


@pytest.mark.long
def test_a_failure_of_any_action_leaves_all_or_nothing(earlier: Path, tmp_path: Path, every: int) -> None:
    require_all_or_nothing(earlier, tmp_path, every, refuse_at)


def test_a_store_that_may_not_grow_stays_as_it_was(earlier: Path, tmp_path: Path) -> None:
    before = facts(earlier) if earlier.exists() else facts(tmp_path / "nothing.db")
    failures = 0
    with closing(Database(earlier, SystemClock())) as db, other_versions.knowing(LATER):
        (pages,) = db.one("PRAGMA page_count")
        db.one(f"PRAGMA max_page_count = {pages or 1}")
        while is_refused(db):
            failures += 1
            assert facts(earlier) == before
            db.one(f"PRAGMA max_page_count = {(pages or 1) + failures}")
    assert failures > 0
    assert facts(earlier)["steps"] == tuple(step.name for step in LATER)


def upgrade_and_fail(db: Database) -> None:
    with db.transaction():
        upgrade(db)
        assert db.connection.in_transaction
        assert schema.is_outbox(db.connection)
        raise LookupError


def test_what_fails_after_an_upgrade_undoes_it(legacy_file: Path) -> None:
    before = legacy_file.read_bytes()
    with closing(Database(legacy_file, SystemClock())) as db:
        with pytest.raises(LookupError):
            upgrade_and_fail(db)
        assert not schema.is_outbox(db.connection)
    assert legacy_file.read_bytes() == before


def test_nobody_sees_an_upgrade_before_its_transaction_ends(legacy_file: Path) -> None:
    with closing(Database(legacy_file, SystemClock())) as db, closing(sqlite3.connect(legacy_file)) as reader:
        with db.transaction():
            upgrade(db)
            assert schema.columns_of(reader) == LEGACY_COLUMNS
            assert not schema.is_outbox(reader)
            reader.rollback()
        assert schema.is_outbox(reader)
        assert reader.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_an_upgrade_of_an_upgraded_or_an_empty_store(legacy_file: Path, tmp_path: Path) -> None:
    for file in (legacy_file, tmp_path / "empty.db"):
        with closing(Database(file, SystemClock())) as db:
            for _ in range(2):
                with db.transaction():
                    upgrade(db)
        SqliteOutbox.open(file, create=False).close()


def test_a_store_of_ours_is_upgraded_by_looking_too(legacy_file: Path) -> None:
    other_versions.upgrade_without_record(legacy_file)
    with SqliteOutbox.open(legacy_file, create=False) as outbox:
        assert schema._recorded(outbox.db.connection) == tuple(step.name for step in steps())


def test_an_upgrade_of_a_newer_store_is_refused(tmp_path: Path) -> None:
    with closing(Database(tmp_path / "new.db", SystemClock())) as db:
        schema.prepare(db, create=True)
        other_versions.add_a_step_of_tomorrow(db.connection)
        with pytest.raises(StoreError, match="written by a newer notifykit"), db.transaction():
            upgrade(db)


def test_an_upgrade_leaves_triggers_as_they_run_by_default(tmp_path: Path) -> None:
    with SqliteOutbox.open(tmp_path / "new.db") as outbox:
        assert outbox.db.one("PRAGMA recursive_triggers") == (0,)


@pytest.mark.parametrize("mine", [1, 7])
def test_another_programs_user_version_stays(legacy_file: Path, mine: int) -> None:
    with closing(sqlite3.connect(legacy_file)) as connection:
        connection.execute(f"PRAGMA user_version = {mine}")
    SqliteOutbox.open(legacy_file).close()
    assert facts(legacy_file)["user_version"] == [(mine,)]


def test_another_programs_steps_stay_in_the_table_of_steps(legacy_file: Path) -> None:
    with closing(sqlite3.connect(legacy_file, isolation_level=None)) as connection:
        theirs = other_versions.take_a_step_of_another_program(connection)
        SqliteOutbox.open(legacy_file).close()
        assert theirs(connection) == ["0001_theirs"]
        connection.execute("BEGIN")
        schema.take_away(connection)
        connection.execute("COMMIT")
        assert theirs(connection) == ["0001_theirs"]
        assert schema._recorded(connection) == ()


@pytest.mark.parametrize("nth", [1, 2])
def test_a_store_that_another_process_makes_meanwhile_is_taken_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    """Between two looks at a file, it may have become an outbox."""
    store = tmp_path / "outbox.db"
    with closing(sqlite3.connect(store)) as db:
        db.execute("PRAGMA journal_mode = WAL")
    look, looks = schema._recorded, []

    def slowly(connection: sqlite3.Connection) -> tuple[str, ...]:
        names = look(connection)
        looks.append(names)
        if len(looks) == nth:
            SqliteOutbox.open(store).close()
        return names

    monkeypatch.setattr(schema, "_recorded", slowly)
    SqliteOutbox.open(store).close()
    assert looks[nth - 1] == ()
    assert len(looks) > nth
