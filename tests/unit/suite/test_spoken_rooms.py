"""Nothing is said past the catalogues: what a person reads is translated, or is named with why it is not."""

from __future__ import annotations

import ast
from pathlib import Path

import catalogues
import pytest
import spoken

OPEN = {
    "notifykit",
    "notifykit/alerts",
    "notifykit/campaign",
    "notifykit/cli",
    "notifykit/config",
    "notifykit/demo",
    "notifykit/durable",
    "notifykit/engine",
    "notifykit/http",
    "notifykit/operate",
    "notifykit/outbox",
    "notifykit/plugins",
    "notifykit/start",
    "notifykit/terminal",
    "notifykit/wording",
    "migration/notifykit_compat",
    "migration/notifykit_demo",
    "migration/notifykit_inventory",
}
"""Rooms that are still being translated. It only gets smaller."""

ROOMS = sorted(
    folder.relative_to(spoken.ROOT).as_posix()
    for name in spoken.PACKAGES
    for folder in [spoken.ROOT / name, *(spoken.ROOT / name).iterdir()]
    if any(folder.glob("*.py"))
)


def in_room(room: str) -> list[str]:
    """Return what a room says past the catalogues; of a package with rooms, its own modules alone."""
    found = spoken.prose(spoken.ROOT / room)
    return [f"{one.file}:{one.line}: {one.text}" for one in found if room != "notifykit" or one.file.count("/") == 1]


@pytest.mark.parametrize("room", [room for room in ROOMS if room not in OPEN])
def test_a_room_says_nothing_past_the_catalogues(room: str) -> None:
    assert in_room(room) == []


def test_what_is_open_is_a_room() -> None:
    assert set(ROOMS) >= OPEN


@pytest.mark.parametrize("known", spoken.AS_THEY_ARE)
def test_what_is_said_as_it_is_is_there(known: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spoken, "AS_THEY_ARE", {})
    monkeypatch.setattr(spoken, "_is_prose", bool)
    file = spoken.ROOT / known.partition(": ")[0]
    found = spoken.prose(file if file.is_dir() else file.parent)
    assert any(f"{one.file}: {one.text}".startswith(known) for one in found)


@pytest.mark.parametrize("name", [Path(room).name for room in ROOMS if "/notifykit_" in room and room not in OPEN])
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
