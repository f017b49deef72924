"""An outbox is moved to another store, whole, and never to two places."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from copied_store import fill, told, what_goes_out

from notifykit.clock import SystemClock
from notifykit.errors import StoreError
from notifykit.operate.copying import copy_store
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.copying import KINDS
from notifykit.outbox.sqlite.copying import SqliteCopyEnd
from notifykit.outbox.sqlite.store import SqliteAddress
from notifykit.testing import FakeClock
from notifykit.testing.outbox.steps import claim_one, put_off, queue

CLOCK = SystemClock()


@pytest.fixture
def here(tmp_path: Path) -> SqliteAddress:
    return SqliteAddress(tmp_path / "here.db")


@pytest.fixture
def there(tmp_path: Path) -> SqliteAddress:
    return SqliteAddress(tmp_path / "far" / "there.db")


def filled(address: SqliteAddress) -> dict[str, Any]:
    with address.open(CLOCK) as outbox:
        fill(outbox)
        return told(outbox)


def test_the_copy_tells_what_the_outbox_told_and_goes_on_as_it_would(
    here: SqliteAddress, there: SqliteAddress, tmp_path: Path
) -> None:
    before = filled(here)
    with closing(sqlite3.connect(tmp_path / "twin.db")) as twin, closing(sqlite3.connect(here.file)) as source:
        source.backup(twin)
    copied = copy_store(here, there, CLOCK)
    assert set(copied.counts) == set(KINDS)
    assert all(copied.counts[kind] for kind in KINDS if kind not in ("carried", "sources")), copied.counts
    with there.open(CLOCK) as outbox, SqliteOutbox.open(tmp_path / "twin.db") as twin:
        assert told(outbox) == before
        assert outbox.identity == twin.identity
        assert what_goes_out(outbox) == what_goes_out(twin) != []
        assert queue(outbox, "new") == queue(twin, "new")
        assert told(outbox)["tasks"][-1].key == "new"


def test_nobody_works_with_what_was_moved(here: SqliteAddress, there: SqliteAddress) -> None:
    filled(here)
    copy_store(here, there, CLOCK)
    for opened in (here.open, here.look):
        with pytest.raises(StoreError, match=r"was moved to .*there\.db; write that behind `store:`") as caught:
            opened(CLOCK)
        assert caught.value.where == str(here)


def test_back_again(here: SqliteAddress, there: SqliteAddress, tmp_path: Path) -> None:
    before = filled(here)
    copied = copy_store(here, there, CLOCK)
    with pytest.raises(StoreError, match="was moved to"):
        copy_store(there, here, CLOCK)
    back = SqliteAddress(tmp_path / "back.db")
    again = copy_store(there, back, CLOCK)
    assert (again.counts, again.hashes, again.turns) == (copied.counts, copied.hashes, copied.turns)
    with back.open(CLOCK) as outbox:
        assert told(outbox) == before


def test_the_highest_id_is_never_given_again(here: SqliteAddress, there: SqliteAddress) -> None:
    with here.open(CLOCK) as outbox:
        queue(outbox, *"abc")
        outbox.db.execute("DELETE FROM tasks")
    copy_store(here, there, CLOCK)
    with there.open(CLOCK) as outbox:
        assert queue(outbox, "d") == [4]


def test_what_others_made_is_carried_along(here: SqliteAddress, there: SqliteAddress) -> None:
    filled(here)
    with closing(sqlite3.connect(here.file)) as db:
        db.executescript(
            """
            CREATE TABLE "of others" (a TEXT PRIMARY KEY, b) WITHOUT ROWID;
            INSERT INTO "of others" VALUES ('x', 1.5), ('甲', NULL);
            CREATE INDEX by_b ON "of others" (b);
            CREATE TRIGGER heard AFTER INSERT ON tasks BEGIN INSERT INTO "of others" VALUES (NEW.record_key, 7); END;
            """
        )
    assert copy_store(here, there, CLOCK).counts["carried"] == 3
    with there.open(CLOCK) as outbox:
        assert outbox.db.all('SELECT * FROM "of others" ORDER BY b DESC') == [("x", 1.5), ("甲", None)]
        queue(outbox, "heard")
        assert ("heard", 7) in outbox.db.all('SELECT * FROM "of others"')


def _on_the_wire(outbox: SqliteOutbox) -> None:
    claim_one(outbox)


def _of_an_old_program(outbox: SqliteOutbox) -> None:
    outbox.db.execute("INSERT INTO tasks (task_type, recipient, message) VALUES ('report', 'her', 'x')")


def _written_over(outbox: SqliteOutbox) -> None:
    outbox.db.execute("UPDATE tasks SET status = 'lost' WHERE id = 2")


def _no_text(outbox: SqliteOutbox) -> None:
    outbox.db.execute("CREATE TABLE pictures (data BLOB)")
    outbox.db.execute("INSERT INTO pictures VALUES (x'00ff')")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_on_the_wire, "messages are on the wire"),
        (_of_an_old_program, "holds rows of other programs"),
        (_written_over, "holds rows of other programs"),
        (_no_text, 'has a table "pictures" of another program'),
    ],
)
@pytest.mark.parametrize("dry_run", [False, True])
def test_what_cannot_be_copied_whole_is_not_copied(
    here: SqliteAddress, there: SqliteAddress, make: Callable[[SqliteOutbox], None], said: str, dry_run: bool
) -> None:
    filled(here)
    with here.open(CLOCK) as outbox:
        make(outbox)
    with pytest.raises(StoreError, match=said):
        copy_store(here, there, CLOCK, dry_run=dry_run)
    here.open(CLOCK).close()
    if there.exists():
        with there.open(CLOCK) as outbox:
            assert told(outbox)["tasks"] == []


@pytest.mark.parametrize("dry_run", [False, True])
def test_an_outbox_that_is_in_use_is_not_written_over(here: SqliteAddress, there: SqliteAddress, dry_run: bool) -> None:
    filled(here)
    with there.open(CLOCK) as outbox:
        queue(outbox, "mine")
    with pytest.raises(StoreError, match="is an outbox that is in use"):
        copy_store(here, there, CLOCK, dry_run=dry_run)
    with there.open(CLOCK) as outbox:
        assert [task.key for task in told(outbox)["tasks"]] == ["mine"]
    with pytest.raises(StoreError, match="both where to copy from and where to"):
        copy_store(here, here, CLOCK, dry_run=dry_run)


def test_a_dry_run_counts_and_changes_nothing(here: SqliteAddress, there: SqliteAddress) -> None:
    before = filled(here)
    expected = copy_store(here, there, CLOCK, dry_run=True)
    assert not there.exists()
    with here.look(CLOCK) as outbox:
        assert told(outbox) == before
    copied = copy_store(here, there, CLOCK)
    assert (expected.counts, expected.hashes) == (copied.counts, copied.hashes)
    with pytest.raises(StoreError, match="was moved to"):
        copy_store(here, SqliteAddress(there.file.with_name("other.db")), CLOCK, dry_run=True)


def test_a_store_that_cannot_be_copied_says_so(here: SqliteAddress) -> None:
    class Other:
        def __str__(self) -> str:
            return "other://box"

    filled(here)
    with pytest.raises(StoreError, match="other://box: is of a kind of store that cannot be copied"):
        copy_store(here, Other(), CLOCK)  # type: ignore[arg-type]


class Killed(BaseException):
    """Nothing more happens."""


@pytest.mark.parametrize("step", range(3))
def test_ended_between_its_steps_it_is_completed_by_the_same_command(
    here: SqliteAddress, there: SqliteAddress, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    before = filled(here)
    mark = SqliteCopyEnd.mark
    steps = iter(range(3))

    def marked(end: SqliteCopyEnd, state: object) -> None:
        if next(steps) == step:
            raise Killed
        mark(end, state)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(SqliteCopyEnd, "mark", marked)
        with pytest.raises(Killed):
            copy_store(here, there, CLOCK)
    in_use = [address for address in (here, there) if _opens(address)]
    assert in_use in ([here], []) if step else in_use == [here, there]
    if step:
        with pytest.raises(StoreError, match=r"is a copy of .*here\.db that is not complete"):
            there.open(CLOCK)
    copy_store(here, there, CLOCK)
    assert [_opens(address) for address in (here, there)] == [False, True]
    with there.open(CLOCK) as outbox:
        assert told(outbox) == before


def _opens(address: SqliteAddress) -> bool:
    try:
        address.look(CLOCK).close()
    except StoreError:
        return False
    return True


def test_rows_that_arrive_otherwise_undo_the_copy(
    here: SqliteAddress, there: SqliteAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(here)
    add = SqliteCopyEnd.add

    def loses_one(end: SqliteCopyEnd, kind: str, rows: Any) -> None:
        add(end, kind, list(rows)[: -1 if kind == "events" else None])

    with monkeypatch.context() as patched:
        patched.setattr(SqliteCopyEnd, "add", loses_one)
        with pytest.raises(StoreError, match=r"events: \d+ rows were copied, and \d+ others arrived; nothing"):
            copy_store(here, there, CLOCK)
    calls = iter(range(2))
    with monkeypatch.context() as patched:
        patched.setattr(
            SqliteCopyEnd, "give_turns", lambda end: end._db.execute(f"UPDATE tasks SET due_at = {next(calls)}")
        )
        with pytest.raises(StoreError, match="it would be the turn of"):
            copy_store(here, there, CLOCK)
    assert _opens(here)


def test_a_target_that_waits_for_another_source_is_not_released(
    here: SqliteAddress, there: SqliteAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both copies were killed when their sources were marked, and the command names the wrong one."""
    other, its_copy = SqliteAddress(tmp_path / "other.db"), SqliteAddress(tmp_path / "its.db")
    for source, target in ((here, there), (other, its_copy)):
        filled(source)
        with monkeypatch.context() as patched:
            patched.setattr("notifykit.operate.copying._Copy._release", _killed)
            with pytest.raises(Killed):
                copy_store(source, target, CLOCK)
    with pytest.raises(StoreError, match=r"was moved to .*there\.db"):
        copy_store(here, its_copy, CLOCK)
    assert not any(map(_opens, (here, there, other, its_copy)))
    for source, target in ((here, there), (other, its_copy)):
        copy_store(source, target, CLOCK)
        assert _opens(target)


def _killed(_: object) -> None:
    raise Killed


def test_a_retry_whose_time_is_over_has_its_turn_before_what_it_held_back(
    here: SqliteAddress, there: SqliteAddress
) -> None:
    past = FakeClock(CLOCK.now() - 100.0)
    with SqliteOutbox.open(here.file, past) as outbox:
        queue(outbox, "a", "b", recipients=["甲"] * 2)
        put_off(outbox, claim_one(outbox), until=past.now() + 20.0, hold=past.now() + 10.0)
    assert copy_store(here, there, CLOCK).turns == 1
    with there.open(CLOCK) as outbox:
        assert what_goes_out(outbox) == [1, 2]
