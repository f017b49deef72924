"""What is said to people goes through the catalogues, and has the values that its text names."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
import spoken

TRANSLATED = ("campaign", "config", "durable", "engine", "http", "operate", "outbox", "plugins", "wording", "alerts")
"""Rooms of the host of which nothing is said in English alone."""
FILES = sorted(path for package in spoken.PACKAGES for path in (spoken.ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("room", TRANSLATED)
def test_nothing_is_said_past_the_catalogues(room: str) -> None:
    assert list(spoken.prose(spoken.ROOT / "notifykit" / room)) == []


@pytest.mark.parametrize("file", ["errors.py", "model.py", "nearest.py", "options.py", "secrets.py"])
def test_nor_by_the_words_at_the_root(file: str) -> None:
    assert list(spoken.prose(spoken.ROOT / "notifykit" / file)) == []


def calls(path: Path) -> Iterator[tuple[str, str, set[str]]]:
    """Yield what is given to the functions that translate: where, the text, and the names of its values."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Name("gettext"), args=[text], keywords=given):
                yield f"{path}:{node.lineno}", _constant(text), {one.arg or "**" for one in given}
            case ast.Call(func=ast.Name("pgettext"), args=[_, text], keywords=given):
                yield f"{path}:{node.lineno}", _constant(text), {one.arg or "**" for one in given}


def _constant(node: ast.expr) -> str:
    assert not isinstance(node, ast.JoinedStr), f"line {node.lineno}: no catalogue has what is put together"
    return str(node.value) if isinstance(node, ast.Constant) else ""


def test_every_text_is_given_the_values_that_it_names() -> None:
    wrong = [
        f"{where}: {text}: {sorted(given)}"
        for path in FILES
        for where, text, given in calls(path)
        if text
        and given
        and "**" not in given
        and {field for _, field, _, _ in string.Formatter().parse(text) if field} != given
    ]
    assert wrong == []


def test_a_text_in_english_alone_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spoken, "ROOT", tmp_path)
    lines = (
        "def f(x):",
        '    """Do it so."""',
        '    if x == "was found there":',
        '        raise ValueError(f"{x} was found there")',
        '    log.info("was found there")',
        '    return "name, other", Field(description="is this one")',
    )
    (tmp_path / "room.py").write_text("\n".join(lines), encoding="utf-8")
    assert [(one.line, one.text) for one in spoken.prose(tmp_path)] == [(4, "{} was found there")]
