"""Nothing reads a meaning out of what people read: reasons have codes, errors have fields."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORDING = ROOT / "notifykit" / "wording"
"""Where texts of versions before codes are recognised."""
SOURCES = [
    path
    for folder in ("notifykit", "plugins", "migration")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if WORDING not in path.parents
]

SPLITTING = {"partition", "rpartition", "split", "rsplit", "startswith", "endswith", "removeprefix", "removesuffix"}
IN_PROSE = {"why", "reason", "mend", "crash"}
"""Fields that hold what people read."""


def is_prose(node: ast.AST) -> bool:
    """Whether this is a text for people: a reason, a mend, or an error put into words."""
    match node:
        case ast.Attribute(attr="text", value=inner):
            return is_prose(inner)
        case ast.Attribute(attr=name):
            return name in IN_PROSE
        case ast.Call(func=ast.Name(id="str"), args=[ast.Name(id="error")]):
            return True
    return False


def takes_prose_apart(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(attr=method, value=text), args=arguments) if method in SPLITTING:
            between = any(isinstance(one, ast.Constant) and one.value in ("; ", " — ") for one in arguments)
            return is_prose(text) or (between and method not in ("startswith", "endswith"))
        case ast.Call(func=ast.Attribute(attr="match" | "fullmatch" | "search" | "sub" | "findall"), args=arguments):
            return any(map(is_prose, arguments))
    return False


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("what.rpartition('; ')", True),
        ("item.why.text.startswith(HISTORIC)", True),
        ("task.reason.split()", True),
        ("str(error).partition(': ')", True),
        ("re.sub('[0-9]', '', hold.why)", True),
        ("name.partition('.')", False),
        ("re.match(pattern, line)", False),
        ("text.startswith('{')", False),
    ],
)
def test_what_takes_prose_apart_is_seen(code: str, expected: bool) -> None:
    assert any(map(takes_prose_apart, ast.walk(ast.parse(code)))) is expected


def test_no_meaning_is_read_out_of_what_people_read() -> None:
    """Reasons have codes, errors have fields. Texts of versions before codes are recognised in `notifykit.wording`."""
    wrong = [
        f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if takes_prose_apart(node)
    ]
    assert wrong == []
