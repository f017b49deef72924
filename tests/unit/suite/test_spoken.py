"""What is said to people goes through the catalogues, and has the values that its text names."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import catalogues
import pytest
import spoken

FILES = sorted(path for package in spoken.PACKAGES for path in (spoken.ROOT / package).rglob("*.py"))
ROOMS = sorted({path.parent.relative_to(spoken.ROOT).as_posix() for path in FILES})


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


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_nothing_past_the_catalogues(room: str) -> None:
    found = [one for path in (spoken.ROOT / room).glob("*.py") for one in spoken.prose(path)]
    assert [f"{one.file}:{one.line}: {one.text}" for one in found] == []


@pytest.mark.parametrize("known", spoken.AS_THEY_ARE)
def test_what_is_said_as_it_is_is_there(known: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spoken, "AS_THEY_ARE", {})
    monkeypatch.setattr(spoken, "_is_prose", bool)
    file = spoken.ROOT / known.partition(": ")[0]
    found = spoken.prose(file)
    assert any(f"{one.file}: {one.text}".startswith(known) for one in found)


@pytest.mark.parametrize("name", [Path(room).name for room in ROOMS if room.count("/") == 1 and "/notifykit_" in room])
def test_a_package_that_is_translated_brings_a_catalogue(name: str) -> None:
    assert name in catalogues.catalogues()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise StoreError('it is not there')", ["it is not there"]),
        ("raise StoreError(f'{file} is not there')", ["{} is not there"]),
        ("raise StoreError(gettext('{file} is not there', file=file))", []),
        ("out(gettext('{who} is late', who='the old program'))", ["the old program"]),
        ("x = gettext_noop('is late')", []),
        ("log.warning('it is not there')", []),
        ("GONE = HOLDS('gone', 'it is not there', '不在')", []),
        ("words = Words('it is not there', '不在')", []),
        ("register('migrate', 'a.b:c', 'Move the old state.')", []),
        ("register('migrate', 'moved at once')", ["moved at once"]),
        ("command = f'notifykit migrate --plan {file}'", []),
        ("raise TypeError('it is not there')", []),
        ("db.execute('SELECT one FROM two')", []),
        ("def f():\n    'Say that it is not there.'", []),
        ("key = 'status_file'", []),
    ],
)
def test_what_is_prose_is_seen(code: str, said: list[str]) -> None:
    assert [text for _, text in spoken._said(ast.parse(code))] == said
