"""Code that the fence or the longer table would meet badly."""

from __future__ import annotations

from pathlib import Path

import pytest
from legacy_code import write_legacy_code
from notifykit_inventory.model import Danger
from notifykit_inventory.take import take_inventory


def dangers(folder: Path, code: str) -> list[tuple[int, Danger]]:
    """Return the hazards in one more file of the old program, with their lines."""
    found = take_inventory(write_legacy_code(folder, {"more.py": code}))
    return [(item.place.line, item.danger) for item in found.hazards if item.place.file == "more.py"]


@pytest.mark.parametrize(
    "statement",
    [
        "db.execute('INSERT INTO tasks VALUES (NULL, ?, ?)')",
        "db.execute('''insert or ignore\n into tasks\n values (1)''')",
        'db.execute("INSERT INTO " + TABLE + " VALUES (1)")',
        "db.execute(f'REPLACE INTO \"tasks\" VALUES ({x})')",
        "db.execute('INSERT INTO %s SELECT * FROM old' % TABLE)",
    ],
)
def test_inserting_by_position(tmp_path: Path, statement: str) -> None:
    found = dangers(tmp_path, f"TABLE = 'tasks'\n{statement}\n")
    assert found == [(2, Danger.POSITIONAL_INSERT)]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO tasks (task_type) VALUES (1)",
        "INSERT INTO tasks_old VALUES (1)",
        "SELECT id, message FROM tasks",
        "SELECT * FROM tasks_old",
        "SELECT COUNT(*) FROM tasks",
    ],
)
def test_what_names_its_columns_is_fine(tmp_path: Path, statement: str) -> None:
    assert dangers(tmp_path, f"db.execute('{statement}')\n") == []


@pytest.mark.parametrize(
    ("reading", "told"),
    [
        ("print(row[1])", "only columns 0 to 6 stay"),
        ("print(row[-1])", "from the end"),
        ("print(row['id'])", "not seen here"),
    ],
)
def test_selecting_everything(tmp_path: Path, reading: str, told: str) -> None:
    code = f"for row in db.execute('SELECT * FROM tasks WHERE id = 1'):\n    {reading}\n"
    found = take_inventory(write_legacy_code(tmp_path, {"more.py": code}))
    (hazard,) = (item for item in found.hazards if item.place.file == "more.py")
    assert hazard.danger is Danger.SELECT_STAR
    assert told in hazard.detail


TRY = """
from task_manager import create_task
def job(x):
    try:
        if x:
            create_task('a', 'b', x)
    except {caught}:
        {handling}
"""


@pytest.mark.parametrize(
    ("caught", "handling", "hazard"),
    [
        ("Exception as e", "print(e)", True),
        ("sqlite3.Error", "pass", True),
        ("(KeyError, OurError)", "pass", True),
        ("KeyError", "pass", False),
        ("(KeyError, ValueError)", "pass", False),
        ("Exception", "raise", False),
    ],
)
def test_swallowing_the_refusal_of_a_task(tmp_path: Path, caught: str, handling: str, hazard: bool) -> None:
    found = dangers(tmp_path, TRY.format(caught=caught, handling=handling))
    assert found == ([(7, Danger.EXCEPT)] if hazard else [])


def test_tasks_of_an_event_loop_are_others(tmp_path: Path) -> None:
    code = (
        "import asyncio\ntry:\n    asyncio.create_task(f())\n    loop.create_task(f())\nexcept Exception:\n    pass\n"
    )
    assert dangers(tmp_path, code) == []


@pytest.mark.parametrize(
    "code",
    [
        "import sqlite3\nsqlite3.connect('tasks.db')",
        "from sqlite3 import connect as c\nc(database='./tasks.db')",
        "import sqlite3, os\nsqlite3.connect(os.path.join(os.getcwd(), 'tasks.db'))",
        "from sqlalchemy import create_engine\ncreate_engine('sqlite:///tasks.db')",
        "import sqlite3\nsqlite3.connect('file:tasks.db?mode=ro', uri=True)",
    ],
)
def test_opening_the_database_directly(tmp_path: Path, code: str) -> None:
    assert dangers(tmp_path, f"{code}\n") == [(2, Danger.DIRECT)]


def test_other_databases_are_nobodys_business(tmp_path: Path) -> None:
    assert dangers(tmp_path, "import sqlite3\nsqlite3.connect('my_tasks.db')\n") == []


def test_the_task_manager_itself_may_open_it(tmp_path: Path) -> None:
    found = take_inventory(write_legacy_code(tmp_path))
    assert [(item.place.file, item.danger) for item in found.hazards] == [("task_manager.py", Danger.SELECT_STAR)]
