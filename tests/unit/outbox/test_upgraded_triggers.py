"""Triggers of a store hold rules of the host's. An upgrade brings them along."""

import sqlite3
from contextlib import closing
from pathlib import Path

import other_versions

from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite import foreign
from notifykit.outbox.sqlite.steps import steps

BEFORE_TIMES = [step.name for step in steps()].index("0020_times")


def test_triggers_are_brought_to_the_rule_of_whose_turn_it_is(tmp_path: Path) -> None:
    file = tmp_path / "outbox.db"
    other_versions.upgrade_so_far(file, BEFORE_TIMES)
    now = f"CREATE TRIGGER hears AFTER UPDATE OF status ON tasks WHEN {foreign.REPORTED} BEGIN\n    {foreign.HEAR}\nEND"
    then = now.replace("WHEN not_before >", "WHEN tries > 0 AND not_before >")
    own = "CREATE TRIGGER another AFTER DELETE ON tasks BEGIN SELECT 1; END"
    assert then != now
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(then)
        connection.execute(own)
    SqliteOutbox.open(file).close()
    with closing(sqlite3.connect(file)) as connection:
        assert dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")) == {
            "hears": now,
            "another": own,
        }
