"""What an archived outbox knew of keys is known again in the store that takes its place."""

from __future__ import annotations

from pathlib import Path

from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite.restoring import restore, restore_others
from notifykit.outbox.values import Filter
from notifykit.testing.samples import draft


def test_normal_forms_and_pairs_are_known_again(tmp_path: Path) -> None:
    with SqliteOutbox.open(tmp_path / "archive.db") as archive, SqliteOutbox.open(tmp_path / "outbox.db") as outbox:
        archive.enqueue([draft(campaign="orders", key="007")])
        archive.keep_distinct("orders", "8", "08", who="me", why="two houses")
        removed = {task.id for task in archive.tasks(Filter())}
        for _ in range(2):
            restore_others(archive.db.connection, removed, outbox.db, campaigns=archive.stored().campaigns())
            restore(archive.db.connection, removed, outbox.db, {"orders": "next"})
        assert outbox.other_spellings("orders", ["7"]) == {"7": ("007",)}
        assert [(pair.one, pair.other, pair.who) for pair in outbox.distinct_keys("next")] == [("08", "8", "me")]
