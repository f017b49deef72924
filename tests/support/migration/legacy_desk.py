"""The desktop of a legacy world: it takes the messages of notifykit and of the old program alike, and keeps them.

A sender of type `python` names a function and no file, so the name says which world's desk it is. It works from
any process: each message is one appended line.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from notifykit.model import Outcome

BOOK, MOODS = "out/desk.jsonl", "out/moods.json"
FORBIDDEN, LOST, BUSY, THROTTLED = "forbidden", "lost", "busy", "throttled"
"""Moods: the message is refused; it arrives and nobody says so; it is refused for now; so is everything."""


class Desk:
    """One world's desk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, recipient: str, text: str) -> Outcome:
        """Take a message, as the mood for its recipient and text says."""
        mood = self.mood(recipient, text)
        if mood == FORBIDDEN:
            return Outcome.rejected("40058", "too long")
        if mood == BUSY:
            return Outcome.retry("45009", "too many", after=3600)
        if mood == THROTTLED:
            return Outcome.retry("45009", "too many", pause=3600)
        self.take(recipient, text)
        return Outcome.unknown("ReadTimeout", "no reply") if mood == LOST else Outcome.accepted()

    def take(self, recipient: str, text: str) -> None:
        """Keep a message."""
        line = json.dumps([recipient, text], ensure_ascii=False) + "\n"
        fd = os.open(self._folder / BOOK, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(fd, line.encode())
        finally:
            os.close(fd)

    def mood(self, recipient: str, text: str) -> str | None:
        """Return the mood of the first word that stands in recipient or text."""
        try:
            moods = json.loads((self._folder / MOODS).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return next((mood for word, mood in moods.items() if word in text or word in recipient), None)

    def set_moods(self, moods: dict[str, str]) -> None:
        """Say how the desk meets messages with these words in recipient or text."""
        (self._folder / MOODS).write_text(json.dumps(moods), encoding="utf-8")

    @property
    def taken(self) -> Counter[tuple[str, str]]:
        """(recipient, text) of what arrived, with how often."""
        try:
            lines = (self._folder / BOOK).read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return Counter()
        return Counter((recipient, text) for recipient, text in map(json.loads, lines))


def call(folder: Path) -> str:
    """Return the `call` of a sender that sends to this folder's desk."""
    return f"{__name__}:desks.of_{os.fsencode(folder.resolve()).hex()}"


class _Desks:
    """Finds the function that a configuration names."""

    def __getattr__(self, name: str) -> Callable[[str, str], Outcome]:
        if not name.startswith("of_"):
            raise AttributeError(name)
        return Desk(Path(os.fsdecode(bytes.fromhex(name.removeprefix("of_"))))).send


desks = _Desks()
