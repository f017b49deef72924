"""The files of the steps: what is read out of them."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from sqlite_utils.migrations import Migrations

from notifykit.outbox.sqlite import schema
from notifykit.outbox.sqlite.steps import read_step, steps

TEXT = """-- What the step is for; not a statement.

-- A column.
ALTER TABLE tasks ADD COLUMN "shade" TEXT;
CREATE TABLE shades (name TEXT);
CREATE INDEX shades_name
    ON shades (name);
CREATE TRIGGER shading AFTER INSERT ON tasks
BEGIN
    -- Kept as it is; with a semicolon.
    INSERT INTO shades VALUES (NEW.shade);
    DELETE FROM shades WHERE name IS NULL;
END;
UPDATE tasks SET shade = 'none';
"""


def test_the_table_of_steps_is_that_of_sqlite_utils() -> None:
    assert Migrations.migrations_table == schema.STEPS_TABLE


def test_a_file_is_read_statement_by_statement() -> None:
    step = read_step("0002_shades", TEXT)
    assert [statement.split("\n")[0] for statement in step.statements] == [
        'ALTER TABLE tasks ADD COLUMN "shade" TEXT',
        "CREATE TABLE shades (name TEXT)",
        "CREATE INDEX shades_name",
        "CREATE TRIGGER shading AFTER INSERT ON tasks",
        "UPDATE tasks SET shade = 'none'",
    ]
    assert step.columns == {"shade": "TEXT"}
    assert step.tables == ("shades",)


def test_a_statement_without_an_end_is_refused() -> None:
    with pytest.raises(ValueError, match="a statement without an end: CREATE TABLE a"):
        read_step("0002_a", "-- a\nCREATE TABLE a (x)\n")


def test_the_names_give_the_order_and_each_step_does_something() -> None:
    names = [step.name for step in steps()]
    assert names[0] == "0001_outbox"
    assert names == sorted(names)
    assert [int(name.partition("_")[0]) for name in names] == list(range(1, len(names) + 1))
    assert all(step.statements for step in steps())


def test_what_is_read_out_of_the_files_is_what_they_do() -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute(schema.LEGACY_TABLE)
        for number, step in enumerate(steps(), start=1):
            step.take(db)
            names = tuple(step.name for step in steps()[:number])
            assert schema.columns_of(db) == schema.expected_columns(names)
        types = {row[1]: row[2] for row in db.execute("PRAGMA table_info(tasks)")}
        assert {name: types[name] for step in steps() for name in step.columns} == {
            name: type_ for step in steps() for name, type_ in step.columns.items()
        }
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert {table for step in steps() for table in step.tables} == tables - {"tasks", "sqlite_sequence"}
        (sql,) = db.execute("SELECT sql FROM sqlite_master WHERE name = 'tasks'").fetchone()
        assert schema.without_added_columns(sql) == schema.LEGACY_TABLE


def test_what_is_written_for_people_does_the_same() -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute(schema.LEGACY_TABLE)
        for statement in schema.statements():
            db.execute(statement)
        assert schema.columns_of(db) == schema.expected_columns(step.name for step in steps())
        names = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite%'")}
        assert names == {"tasks", schema.STEPS_TABLE, *schema.objects()}
