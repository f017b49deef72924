"""What a loop over records does: the messages that it makes, and how it remembers which were notified."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from notifykit_inventory.drafts.model import Test
from notifykit_inventory.drafts.picking import Rows
from notifykit_inventory.drafts.symbols import plain
from notifykit_inventory.model import Place
from notifykit_inventory.resolution.bindings import flat
from notifykit_inventory.resolution.folding import Scope, Texts, fold
from notifykit_inventory.words import FLAG_COLUMN

CREATES = {"create_task", "create_task_with_contract_id", "Task"}
"""What makes a message of (task_type, recipient, message). Of these names, others take fewer arguments."""
MESSAGE = ("task_type", "recipient", "message")


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
    rows: Rows | None
    """What it goes over; None where that is not told."""
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


def flags_of(body: list[ast.stmt], record: str, scope: Scope) -> dict[str, str | None]:
    """Return the columns of the record that are set to a word; the flag column counts always."""
    found: dict[str, str | None] = {FLAG_COLUMN: None}
    for statement in flat(body):
        if not isinstance(statement, ast.Assign):
            continue
        for target in statement.targets:
            if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
                column, word = plain(fold(target.slice, scope)), plain(fold(statement.value, scope))
                if target.value.id == record and column is not None and word is not None:
                    found[column] = word
    return found


def arguments_of(node: ast.Call, names: tuple[str, ...]) -> dict[str, ast.expr]:
    """Return the arguments of a call by the names of their positions; keywords by their own."""
    if any(isinstance(item, ast.Starred) for item in node.args):
        return {}
    found = dict(zip(names, node.args, strict=False))
    return found | {item.arg: item.value for item in node.keywords if item.arg}
