"""Reading leaves no trace, sees what is committed, and says what is wrong."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from notifykit_migration.files.reading import content_digest, file_digest, looked_at, untouched
from processes import running
from system import needs_refusals

from notifykit.errors import StoreError
from notifykit.outbox import SqliteOutbox
from notifykit.testing import draft

TABLE = "CREATE TABLE tasks (id INTEGER PRIMARY KEY AUTOINCREMENT, message TEXT)"

Traces = dict[str, tuple[int, str]]


def traces(folder: Path) -> Traces:
    """Return the time of modification and the content of everything in a folder, and of itself."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_mtime_ns,
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
        )
        for path in (folder, *folder.rglob("*"))
    }


def made(path: Path, mode: str = "delete", count: int = 50) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA journal_mode = {mode}")
        db.execute(TABLE)
        db.executemany("INSERT INTO tasks (message) VALUES (?)", [(f"message {n}" * 50,) for n in range(count)])
        db.commit()
    return path


def left_behind(path: Path, *statements: str, mode: str = "delete") -> Path:
    """A database as a program leaves it that is killed after these statements."""
    made(path, mode)
    script = """
        import os, sqlite3, sys
        db = sqlite3.connect(sys.argv[1], isolation_level=None)
        db.execute("PRAGMA cache_size = 1")
        for statement in sys.argv[2:]:
            db.execute(statement)
        os._exit(0)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script), str(path), *statements], check=True)
    return path


def count(path: Path) -> int:
    with untouched(path) as db:
        (found,) = db.execute("SELECT count(*) FROM tasks").fetchone()
    assert isinstance(found, int)
    return found


@pytest.mark.parametrize(
    "name", ["tasks.db", "a b.db", "what?.db", "100%25.db", "a#b.db", "任务.db", "a&mode=rwc;x.db", 'it\'s "q".db']
)
@pytest.mark.parametrize("mode", ["delete", "wal", "persist"])
def test_no_trace_is_left(tmp_path: Path, name: str, mode: str) -> None:
    path = made(tmp_path / name, mode)
    before = traces(tmp_path)
    assert count(path) == 50
    assert traces(tmp_path) == before


def test_what_stands_only_in_the_log_is_seen(tmp_path: Path) -> None:
    path = left_behind(tmp_path / "a.db", "INSERT INTO tasks (message) VALUES ('last')", mode="wal")
    assert (tmp_path / "a.db-wal").stat().st_size > 0
    before = traces(tmp_path)
    assert count(path) == 51
    assert traces(tmp_path) == before


def test_what_was_not_committed_is_not_seen(tmp_path: Path) -> None:
    path = left_behind(tmp_path / "a.db", "BEGIN", "UPDATE tasks SET message = zeroblob(900)", "DELETE FROM tasks")
    assert (tmp_path / "a.db-journal").stat().st_size > 0
    before = traces(tmp_path)
    with untouched(path) as db:
        assert db.execute("SELECT count(*), min(length(message)) FROM tasks").fetchone() == (50, 450)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert traces(tmp_path) == before


def test_a_link_is_followed_to_its_log(tmp_path: Path) -> None:
    path = left_behind(tmp_path / "real" / "a.db", "INSERT INTO tasks (message) VALUES ('last')", mode="wal")
    (tmp_path / "link.db").symlink_to(path)
    assert count(tmp_path / "link.db") == 51


def test_the_old_program_may_read_meanwhile_and_write_afterwards(tmp_path: Path) -> None:
    path = made(tmp_path / "a.db")
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
        with untouched(path):
            assert other.execute("SELECT count(*) FROM tasks").fetchone() == (50,)
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("DELETE FROM tasks")
        other.execute("DELETE FROM tasks")
    assert count(path) == 0


def test_a_locked_database_says_what_to_stop(tmp_path: Path) -> None:
    path = made(tmp_path / "a.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        said = r"a\.db: .*locked; stop the program that uses it"
        with pytest.raises(StoreError, match=said) as caught, untouched(path, patience=0):
            pass
        # Our look at the file has not taken the other one's lock away.
        with (
            closing(sqlite3.connect(path, timeout=0)) as third,
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            third.execute("SELECT * FROM tasks").fetchone()
    assert caught.value.passing


def test_a_store_that_this_process_has_open_keeps_its_locks(tmp_path: Path) -> None:
    path = made(tmp_path / "a.db", "wal")
    with closing(sqlite3.connect(path, isolation_level=None)) as ours:
        ours.execute("INSERT INTO tasks (message) VALUES ('ours')")
        assert count(path) == 51
        script = (
            "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('SELECT count(*) FROM tasks').fetchone())"
        )
        subprocess.run([sys.executable, "-c", script, str(path)], check=True, capture_output=True)
        # Had our lock been lost, the other one would have taken itself for the last, and removed the log.
        assert (tmp_path / "a.db-wal").exists()
        ours.execute("INSERT INTO tasks (message) VALUES ('ours')")
    assert count(path) == 52


def test_a_store_that_is_written_all_the_time(tmp_path: Path) -> None:
    """Each reading is one committed state: pairs are always pairs."""
    path = made(tmp_path / "a.db", "wal", count=0)
    script = """
        import sqlite3, sys
        db = sqlite3.connect(sys.argv[1], isolation_level=None)
        db.execute("PRAGMA wal_autocheckpoint = 300")
        print("ready", flush=True)
        while True:
            db.execute("BEGIN")
            db.execute("INSERT INTO tasks (message) VALUES (hex(randomblob(3000)))")
            db.execute("INSERT INTO tasks (message) VALUES (hex(randomblob(3000)))")
            db.execute("DELETE FROM tasks WHERE id <= (SELECT max(id) - 60 FROM tasks)")
            db.execute("COMMIT")
    """
    with running([sys.executable, "-c", textwrap.dedent(script), str(path)]) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        seen = []
        for _ in range(10):
            with untouched(path) as db:
                assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                rows, last = db.execute("SELECT count(*), ifnull(max(id), 0) FROM tasks").fetchone()
                assert rows % 2 == 0
                assert last % 2 == 0
                seen.append(last)
    assert seen == sorted(seen)


@pytest.mark.parametrize("after", ["a.db", "a.db-wal"])
def test_a_log_that_is_begun_anew_while_it_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    """The pages that were in it are in the database file now, which was copied before."""
    path = left_behind(tmp_path / "a.db", "INSERT INTO tasks (message) VALUES ('last')", mode="wal")
    copyfile = shutil.copyfile
    copied: list[str] = []

    def and_then_they_write(source: Path, target: Path) -> None:
        copyfile(source, target)
        copied.append(source.name)
        if copied.count(after) == 1 and source.name == after:
            script = """
                import os, sqlite3, sys
                db = sqlite3.connect(sys.argv[1], isolation_level=None)
                db.execute("UPDATE tasks SET message = hex(randomblob(600))")
                db.execute("PRAGMA wal_checkpoint(RESTART)")
                db.execute("INSERT INTO tasks (message) VALUES ('theirs')")
                os._exit(0)
            """
            subprocess.run([sys.executable, "-c", textwrap.dedent(script), str(path)], check=True)

    monkeypatch.setattr(shutil, "copyfile", and_then_they_write)
    with untouched(path) as db:
        assert db.execute("SELECT count(*), min(length(message)) FROM tasks").fetchone() == (52, 6)
        assert db.execute("SELECT count(*) FROM tasks WHERE length(message) = 1200").fetchone() == (51,)
    assert copied == ["a.db", "a.db-wal"] * 2


def test_a_store_that_never_rests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = left_behind(tmp_path / "a.db", "INSERT INTO tasks (message) VALUES ('last')", mode="wal")
    copyfile = shutil.copyfile

    def and_the_log_is_begun_anew(source: Path, target: Path) -> None:
        copyfile(source, target)
        with (tmp_path / "a.db-wal").open("r+b") as log:
            log.seek(16)
            log.write(os.urandom(8))

    monkeypatch.setattr(shutil, "copyfile", and_the_log_is_begun_anew)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    with (
        pytest.raises(StoreError, match=r"a\.db: is written all the time; stop the program") as caught,
        untouched(path),
    ):
        pass
    assert caught.value.passing


def test_a_log_that_goes_away_while_it_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its program closed the database: what was in the log is in the file now."""
    path = left_behind(tmp_path / "a.db", "INSERT INTO tasks (message) VALUES ('last')", mode="wal")
    copyfile = shutil.copyfile

    def and_then_they_close(source: Path, target: Path) -> None:
        copyfile(source, target)
        script = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute('SELECT * FROM tasks'); db.close()"
        subprocess.run([sys.executable, "-c", script, str(path)], check=True)

    monkeypatch.setattr(shutil, "copyfile", and_then_they_close)
    assert count(path) == 51
    assert not (tmp_path / "a.db-wal").exists()


@pytest.mark.parametrize("written", ["a.db", "a.db-journal"])
def test_a_write_that_neither_size_nor_time_tells_of_is_noticed_while_it_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    path = left_behind(tmp_path / "a.db", "BEGIN", "UPDATE tasks SET message = 'new'")
    assert path.with_name("a.db-journal").exists()
    copyfile = shutil.copyfile
    copied: list[str] = []

    def and_they_write_once(source: Path, target: Path) -> None:
        copyfile(source, target)
        copied.append(source.name)
        if copied == [written] or copied == ["a.db", written]:
            file, facts = tmp_path / written, (tmp_path / written).stat()
            data = file.read_bytes()
            file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
            os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))

    monkeypatch.setattr(shutil, "copyfile", and_they_write_once)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    with untouched(path):
        assert copied == ["a.db", "a.db-journal"] * 2


def test_the_copy_cannot_be_written_by_mistake(tmp_path: Path) -> None:
    path = made(tmp_path / "a.db", "wal")
    with pytest.raises(StoreError, match="readonly"), untouched(path) as db:
        db.execute("DELETE FROM tasks")


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    def said(path: Path) -> str:
        with pytest.raises(StoreError) as caught, untouched(path) as db:
            db.execute("SELECT * FROM tasks").fetchall()
        return str(caught.value)

    (tmp_path / "text.db").write_text("not a database, " * 100)
    damaged = made(tmp_path / "damaged.db")
    with damaged.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096)
    mend = "check `store:` in notifykit.yaml, or restore a backup"
    assert said(tmp_path / "text.db").endswith(f"it is not an SQLite database, or its beginning is damaged; {mend}")
    assert "restore a backup" in said(damaged)
    assert "there is no such file" in said(tmp_path / "missing.db")
    assert "is a folder" in said(tmp_path)
    assert not (tmp_path / "missing.db").exists()


def test_no_room_for_the_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made(tmp_path / "a.db", "wal")
    if not Path("/dev/full").exists():
        pytest.skip("needs a device that is always full")

    def to_a_full_disk(source: Path, target: Path) -> None:
        with source.open("rb") as reading, Path("/dev/full").open("wb") as writing:
            shutil.copyfileobj(reading, writing)

    monkeypatch.setattr(shutil, "copyfile", to_a_full_disk)
    with pytest.raises(StoreError, match=r"no room for a copy in .*; make room there, or set TMPDIR"), untouched(path):
        pass


@needs_refusals
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = made(tmp_path / "a.db")
    path.chmod(0)
    with pytest.raises(StoreError, match="check owner and mode"), untouched(path):
        pass


def digest(path: Path) -> str:
    with untouched(path) as db:
        return content_digest(db)


def test_the_digest_is_of_the_content_only(tmp_path: Path) -> None:
    path = made(tmp_path / "a.db")
    first = digest(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA page_size = 8192")
        db.execute("VACUUM")
        assert digest(path) == first
        db.execute("PRAGMA journal_mode = WAL")
    assert digest(path) == first
    assert digest(made(tmp_path / "b.db")) == first


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tasks SET message = message || ' ' WHERE id = 50",
        "UPDATE tasks SET message = NULL WHERE id = 1",
        "UPDATE tasks SET message = CAST(message AS BLOB) WHERE id = 1",
        "UPDATE tasks SET id = 99 WHERE id = 50",
        "DELETE FROM tasks WHERE id = 1",
        "UPDATE sqlite_sequence SET seq = 51",
        "CREATE INDEX i ON tasks (message)",
        "CREATE TABLE empty (a)",
        "CREATE TRIGGER t AFTER DELETE ON tasks BEGIN SELECT 1; END",
        "PRAGMA user_version = 7",
    ],
)
def test_the_digest_sees_every_change(tmp_path: Path, statement: str) -> None:
    path = made(tmp_path / "a.db")
    first = digest(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(statement)
    assert digest(path) != first


def test_values_that_look_alike_differ() -> None:
    values = [None, 1, 1.0, "1", b"1", "", b"", "None", "1.0", -1, 1e300, float("inf"), "b'1'", "a\0b", "a", 2**62]
    found = set()
    for value in values:
        with closing(sqlite3.connect(":memory:")) as db:
            db.execute("CREATE TABLE t (a)")
            db.execute("INSERT INTO t VALUES (?)", (value,))
            found.add(content_digest(db))
    assert len(found) == len(values)


def test_odd_tables_and_values() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.execute('CREATE TABLE "a ""b"" 表" (rowid, _rowid_, oid)')
        db.execute('INSERT INTO "a ""b"" 表" VALUES (CAST(x\'ff00fe\' AS TEXT), 2, 3)')
        db.execute('CREATE TABLE "keys" (a TEXT, b INT, PRIMARY KEY (b, a)) WITHOUT ROWID')
        db.execute("INSERT INTO keys VALUES ('x', 2), ('y', 1)")
        db.row_factory = sqlite3.Row
        first = content_digest(db)
        assert content_digest(db) == first
        assert db.text_factory is str
        assert not db.in_transaction
        db.execute("UPDATE keys SET a = 'z' WHERE b = 1")
        assert content_digest(db) != first


def test_within_a_transaction_the_digest_is_of_it() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.execute("CREATE TABLE t (a)")
        first = content_digest(db)
        db.execute("BEGIN")
        db.execute("INSERT INTO t VALUES (1)")
        assert content_digest(db) != first
        assert db.in_transaction
        db.execute("ROLLBACK")
        assert content_digest(db) == first


def test_file_digest(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc" * 1_000_000)
    assert file_digest(tmp_path / "a") == hashlib.sha256(b"abc" * 1_000_000).hexdigest()


def test_many_may_read_at_once(tmp_path: Path) -> None:
    path = made(tmp_path / "a.db", "wal")
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(count(path))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [50] * 4


@pytest.mark.skipif(os.name == "nt", reason="locks belong to a descriptor there")
def test_looking_at_a_store_that_is_open_here_leaves_its_locks(tmp_path: Path) -> None:
    """To close a descriptor of the file would drop them, and whoever leaves last removes the log: another process."""
    store = tmp_path / "outbox.db"
    with SqliteOutbox.open(store) as outbox:
        outbox.enqueue([draft()])
        with looked_at(store) as connection:
            assert connection.execute("SELECT count(*) FROM tasks").fetchone() == (1,)
        other = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute('SELECT * FROM tasks'); db.close()"
        subprocess.run([sys.executable, "-c", other, str(store)], check=True)
        assert outbox.enqueue([draft(key="C-2")]).new == 1
