"""The rooms of the migration: which may import which, and what stands at the root."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import notifykit_migration
import pytest

PACKAGE = Path(notifykit_migration.__file__).parent

ROOT_MODULES = {"__init__", "errors", "migrate", "model", "roll_back"}

ORDER = (
    "model",
    "wording",
    "errors",
    "files",
    "store",
    "legacy",
    "journal",
    "archive",
    "plan",
    "backup",
    "apply",
    "verify",
    "rollback",
    "report",
    "migrate",
    "roll_back",
    "commands",
)
"""Each imports only what stands before it."""


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def arrows() -> Iterator[tuple[str, str, str]]:
    """Yield (file and line, room, room that it imports)."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == PACKAGE.name:
                inside = (node.module or "").split(".")[1:]
                for target in inside[:1] or [alias.name for alias in node.names]:
                    yield f"{path.relative_to(PACKAGE)}:{node.lineno}", room(path), target


def test_every_room_has_its_place() -> None:
    assert {room(path) for path in PACKAGE.rglob("*.py")} <= {"__init__", *ORDER}


@pytest.mark.long
@pytest.mark.parametrize("name", ORDER)
def test_a_room_imports_only_what_stands_before_it(name: str) -> None:
    before = ORDER[: ORDER.index(name)]
    assert [place for place, own, other in arrows() if own == name != other and other not in before] == []


def test_few_modules_stand_at_the_root() -> None:
    assert {path.stem for path in PACKAGE.glob("*.py")} == ROOT_MODULES


def test_helpers_are_not_fetched_from_the_steps() -> None:
    assert {place.partition(":")[0] for place, own, other in arrows() if other == "apply" and own != "apply"} <= {
        "__init__.py",
        "commands/retire.py",
        "migrate.py",
        "verify/checks.py",
        "verify/shadow.py",
    }
