"""The columns of the store are its own: the migration and the shim read and write them through its public doors."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from notifykit.outbox.sqlite.steps import steps

MIGRATION = Path(__file__).parents[3] / "migration"

PRIVATE = {name for step in steps() for name in (*step.columns, *step.tables)} - {"metadata"}
"""The old program's table may have metadata, too."""

SHARED = {"campaign", "channel"}
"""Names that the migration's own tables have for their columns, too."""

SQL = re.compile(r"\b(?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|WHERE|WHEN)\b")

OF_TASKS = re.compile(r"\b(?:FROM|INTO|UPDATE|JOIN)\s+tasks\b")

SOURCES = sorted(path for path in MIGRATION.rglob("*") if path.suffix in (".py", ".sql"))


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and text of every piece of SQL: of a module each text that is no docstring."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".sql":
        yield 1, "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
        return
    tree = ast.parse(text)
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if id(node) in told:
            continue
        if isinstance(node, ast.JoinedStr):
            parts = [part.value for part in node.values if isinstance(part, ast.Constant)]
            yield node.lineno, " ".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def private_names(sql: str) -> set[str]:
    """Return what a piece of SQL names of the store's private columns and tables."""
    if not SQL.search(sql):
        return set()
    words = set(re.findall(r"\b[a-z_]+\b(?!\()", re.sub(r"'[^']*'", "", sql)))
    qualified = set(re.findall(r"\b(?:NEW|OLD|tasks)\.([a-z_]+)", sql))
    mine = SHARED - qualified if not OF_TASKS.search(sql) else set()
    return (words & PRIVATE) - mine


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(MIGRATION)))
def test_no_statement_names_a_column_of_the_store(path: Path) -> None:
    wrong = [f"{path.name}:{line}: {', '.join(sorted(private_names(sql)))}" for line, sql in texts(path)]
    assert [place for place in wrong if not place.endswith(": ")] == [], "see notifykit/outbox/sqlite/stored.py"


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("SELECT record_key FROM tasks WHERE campaign = ?", {"record_key", "campaign"}),
        ("UPDATE tasks SET due_at = NULL", {"due_at"}),
        ("INSERT INTO events (at) VALUES (?)", {"events"}),
        ("SELECT id, status FROM tasks ORDER BY id", set()),
        ("SELECT campaign FROM migrated", set()),
        ("WHEN NEW.campaign IS NULL", {"campaign"}),
        ("SELECT round(1.5) FROM fence", set()),
        ("the campaign was migrated", set()),
    ],
)
def test_what_counts_as_naming_one(sql: str, named: set[str]) -> None:
    assert private_names(sql) == named
