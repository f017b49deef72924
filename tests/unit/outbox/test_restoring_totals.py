"""What an archived outbox counted is counted in the store that takes its place, once."""

from __future__ import annotations

from pathlib import Path

from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite.restoring import restore, restore_others
from notifykit.outbox.totals import ATTEMPTS, Total
from notifykit.outbox.values import Filter
from notifykit.testing.outbox.steps import accept, claim, queue


def attempts(outbox: SqliteOutbox) -> dict[Total, float]:
    return {total: value for total, value in outbox.totals().items() if total.name == ATTEMPTS}


def test_totals_go_on_and_what_was_not_counted_yet_is_counted_here(tmp_path: Path) -> None:
    with SqliteOutbox.open(tmp_path / "archive.db") as archive, SqliteOutbox.open(tmp_path / "outbox.db") as outbox:
        queue(archive, *"ABCDE")
        for one in claim(archive, 5):
            accept(archive, one)
        assert archive.roll_up(3) == 3
        removed = {task.id for task in archive.tasks(Filter())}
        for _ in range(2):  # a migration that is killed does it again
            restore_others(archive.db.connection, removed, outbox.db, campaigns=archive.stored().campaigns())
            restore(archive.db.connection, removed, outbox.db, {})
        assert attempts(outbox) == {Total(ATTEMPTS, "sample", "robot", "accepted"): 3.0}
        assert outbox.roll_up(100) == 2
        restore(archive.db.connection, removed, outbox.db, {})
        assert outbox.roll_up(100) == 0
        assert sum(attempts(outbox).values()) == 5.0


def test_an_archive_of_before_there_were_totals_is_read(tmp_path: Path) -> None:
    with SqliteOutbox.open(tmp_path / "archive.db") as archive, SqliteOutbox.open(tmp_path / "outbox.db") as outbox:
        queue(archive, "A")
        for table in ("totals", "uncounted"):
            archive.db.execute(f"DROP TABLE {table}")
        restore(archive.db.connection, {1}, outbox.db, {})
        assert outbox.totals() == {}
