"""The SQL of the stores can be read: each statement stands at the top of its module and says what it is for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import notifykit.outbox.sqlite

SQLITE = Path(notifykit.outbox.sqlite.__file__).parent

POSTGRES = SQLITE.with_name("postgres")

OTHERS = ("database.py", "schema.py", "steps.py", "foreign.py", "earlier.py", "reading.py")
"""These look into SQLite's own tables, hold what steps do, or have pieces of SQL for triggers of others."""

MODULES = sorted(path for path in SQLITE.glob("*.py") if path.name not in OTHERS) + sorted(POSTGRES.glob("*.py"))
"""Those with statements that read and write."""

STATEMENT = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH) ")

COMPOSING = {"_percentile", "_put", "_know", "clear", "rows", "add", "_carried", "_carry"}
"""Functions that compose a statement: of one that comes as a value, of columns that an archive has, or of those of a
kind of rows that is copied."""

COMMENT = re.compile(r"# (`\w+`(?:, `\w+`)*): .+")


def text_of(node: ast.AST) -> str | None:
    """The beginning of a text, with or without places to be filled in."""
    if isinstance(node, ast.JoinedStr) and node.values:
        return text_of(node.values[0])
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def statements(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield name and line of every statement that is a constant of the module."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and STATEMENT.match(text_of(node.value) or ""):
            assert isinstance(node.targets[0], ast.Name)
            yield node.targets[0].id, node.lineno


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_each_statement_says_what_it_is_for_and_who_calls_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree, lines = ast.parse(text), text.splitlines()
    there = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for name, number in statements(tree):
        first = number - 2
        while first > 0 and lines[first - 1].startswith("#"):
            first -= 1
        found = COMMENT.match(lines[first])
        assert found is not None, f"{path.name}:{number}: {name} needs a comment: # `caller`: what it does"
        assert set(re.findall(r"`(\w+)`", found[1])) <= there, f"{path.name}:{number}: nobody is called so"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_no_statement_hides_within_a_function(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    named = {line for _, line in statements(tree)}
    wrong = [
        f"{path.name}:{node.lineno}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant | ast.JoinedStr)
        and STATEMENT.match(text_of(node) or "")
        and node.lineno not in named
        and not COMPOSING & {function.name for function in around(tree, node.lineno)}
    ]
    assert wrong == []


def around(tree: ast.Module, line: int) -> list[ast.FunctionDef]:
    """The functions that a line stands in."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return [node for node in functions if node.lineno <= line <= (node.end_lineno or line)]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_no_row_is_read_from_its_end_and_no_statement_made_of_another(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"row\[-\d", text) == []
    assert re.findall(r"(?:COLUMNS|_[A-Z_]{3,})\.replace\(", text) == []


def test_there_are_statements_to_look_at() -> None:
    assert sum(len([*statements(ast.parse(path.read_text(encoding="utf-8")))]) for path in MODULES) > 40
