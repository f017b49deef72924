"""What the messages of an archived outbox say and carry is said and carried in the store that takes its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite.restoring import restore, restore_others
from notifykit.outbox.values import Filter
from notifykit.testing.outbox.carrying import LOGO, TERMS, carrying, kept
from notifykit.testing.outbox.steps import queue_drafts, send
from notifykit.testing.samples import draft


@pytest.mark.parametrize("others", [True, False])
def test_options_and_files_come_back_once(tmp_path: Path, others: bool) -> None:
    said = {"subject": "x"}
    with SqliteOutbox.open(tmp_path / "archive.db") as archive, SqliteOutbox.open(tmp_path / "outbox.db") as outbox:
        queue_drafts(archive, [carrying("A", TERMS, LOGO), draft(key="B", options=said), draft(key="C")])
        queue_drafts(outbox, [draft(key="other")])
        if not others:  # they were made anew, of what the old program left: a text
            queue_drafts(outbox, [draft(key=key) for key in "ABC"])
        removed = {task.id for task in archive.tasks(Filter())}
        for _ in range(2):  # a migration that is killed does it again
            if others:
                restore_others(archive.db.connection, removed, outbox.db, campaigns=["sample"])
            restore(archive.db.connection, removed, outbox.db, {})
        found = {task.key: task.options for task in outbox.tasks(Filter())}
        assert found == {"other": None, "A": {"files": [TERMS.as_data(), LOGO.as_data()]}, "B": said, "C": None}
        assert [kept(outbox, file) for file in (TERMS, LOGO)] == [True, True]
        assert outbox.db.one("SELECT count(*) FROM attached JOIN tasks ON tasks.id = task_id")[0] == 2


def test_an_archive_of_before_there_were_options_is_read(tmp_path: Path) -> None:
    with SqliteOutbox.open(tmp_path / "archive.db") as archive, SqliteOutbox.open(tmp_path / "outbox.db") as outbox:
        queue_drafts(archive, [draft(key="A")])
        for table in ("contents", "attached"):
            archive.db.execute(f"DROP TABLE {table}")
        archive.db.execute("ALTER TABLE tasks DROP COLUMN options")
        restore_others(archive.db.connection, {1}, outbox.db, campaigns=["sample"])
        restore(archive.db.connection, {1}, outbox.db, {})
        assert [task.options for task in outbox.tasks(Filter())] == [None]


def test_a_new_round_carries_what_the_one_before_does(tmp_path: Path) -> None:
    with SqliteOutbox.open(tmp_path / "outbox.db") as outbox:
        (first,) = queue_drafts(outbox, [carrying("A", TERMS)])
        send(outbox, first)
        (again,) = outbox.resend("sample", "A", ["group"], who="me", why="lost")
        assert outbox.db.all("SELECT task_id FROM attached ORDER BY 1") == [(first,), (again.id,)]
