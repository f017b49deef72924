"""What a loop over records does: the messages that it makes, and how it remembers which were notified."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from notifykit_inventory.drafts.model import Mark
from notifykit_inventory.model import Place
from notifykit_inventory.resolution.bindings import flat
from notifykit_inventory.resolution.folding import Texts

Test = str | Mark
"""A Jinja expression, or a test that could not be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A message that is made."""

    place: Place
    task_type: Texts
    recipient: Texts
    text: Texts
    tests: tuple[Test, ...]
    """What has to be true of the record."""


@dataclass(slots=True, kw_only=True)
class Loop:
    """A loop over records."""

    place: Place
    rows: Texts
    """What it goes over."""
    flags: dict[str, str | None]
    """Columns that it writes to the word that it writes, None for one that is not told."""
    unsent: dict[str, str] = field(default_factory=dict)
    """Such columns to the word that it looks for."""
    made: dict[Place, Made] = field(default_factory=dict)
    statuses: set[str] = field(default_factory=set)
    """The send-status files that it looks into or writes."""
    keys: list[Texts] = field(default_factory=list)
    """By what it looks, and writes."""
    words: set[str] = field(default_factory=set)
    """What it writes into the send-status file."""
    exact: bool = False
    """Whether it compares with a word."""


def ways_out(body: list[ast.stmt]) -> list[ast.stmt]:
    """Return where a loop is left before its end."""
    statements = list(flat(body))
    inner = {
        id(part) for one in statements if isinstance(one, ast.For | ast.AsyncFor | ast.While) for part in flat(one.body)
    }
    return [
        one
        for one in statements
        if isinstance(one, ast.Return) or (isinstance(one, ast.Break) and id(one) not in inner)
    ]


def is_record(body: list[ast.stmt], name: str) -> bool:
    """Whether a loop's variable is looked into, or handed on, as a record is."""
    for node in (part for statement in body for part in ast.walk(statement)):
        if (
            isinstance(node, ast.Subscript | ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == name
        ):
            return True
        if isinstance(node, ast.Call) and any(isinstance(item, ast.Name) and item.id == name for item in node.args):
            return True
    return False
