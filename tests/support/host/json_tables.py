"""Compares JSON with the tables of docs/cli.md that tell its keys."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[3] / "docs" / "cli.md"

_ROW = re.compile(r"^\| `([^`]+)` \| (.*) ?\|$", re.MULTILINE)
_HEADING = re.compile(r"^(#{2,4}) (.*)$", re.MULTILINE)
_LINK = re.compile(r"\[\w+\]\(#(\w+)\)")


def tables(chapter: str) -> dict[str, dict[str, str]]:
    """Return each table of a chapter: its keys, and what is said of each."""
    section = PAGE.read_text(encoding="utf-8").partition(f"## {chapter}\n")[2]
    section = re.split(r"^(?:## |<!--)", section, maxsplit=1, flags=re.MULTILINE)[0]
    parts = _HEADING.split(section)[1:]
    found: dict[str, dict[str, str]] = {}
    for title, body in zip(parts[1::3], parts[2::3], strict=True):
        for name in re.findall(r"`([^`]+)`", title) or [title]:
            assert name not in found
            found[name] = dict(_ROW.findall(body))
    return found


class Reader:
    """Remembers which of the tables were needed."""

    def __init__(self, chapter: str) -> None:
        self.tables = tables(chapter)
        self.used: set[str] = set()

    def compare(self, name: str, value: Any) -> None:
        assert set(value) == set(self.tables[name]), name
        self.used.add(name)
        for key, text in self.tables[name].items():
            if link := _LINK.search(text):
                inner = value[key]
                for item in inner if isinstance(inner, list) else [inner]:
                    if item is not None:
                        self.compare(link[1], item)
