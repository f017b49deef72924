"""The steps by which the schema came to be what it is: one SQL file each, in `steps/`, in the order of their names."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from notifykit.wording.translation import gettext

_ADDS = re.compile(r'ALTER TABLE tasks ADD COLUMN "(\w+)" (\w+)')
_TABLE = re.compile(r"CREATE TABLE (\w+)")

# `take`: whether this is an archive, in which a message may be twice.
_HAS_AGAIN = "SELECT 1 FROM pragma_index_list('tasks') WHERE name = 'tasks_dedup' AND NOT \"unique\""


class SchemaStep(NamedTuple):
    """One change of the schema."""

    name: str
    """By which a store remembers it: never changed once it was released."""
    statements: tuple[str, ...]
    """What it does, in order, without semicolons."""
    columns: Mapping[str, str]
    """What it adds to the table `tasks`, behind what is there: names with their SQL types."""
    tables: tuple[str, ...]
    """The tables that it makes."""

    def take(self, connection: sqlite3.Connection) -> None:
        """Take this step, within the transaction that is open. Raises sqlite3.Error."""
        there = {name for _, name, *_ in connection.execute("PRAGMA table_info(tasks)")} if self.columns else ()
        unique = any(statement.startswith("CREATE UNIQUE ") for statement in self.statements)
        again = unique and connection.execute(_HAS_AGAIN).fetchone() is not None
        for statement in self.needed(there):
            connection.execute(statement.replace("CREATE UNIQUE ", "CREATE ", 1) if again else statement)

    def needed(self, there: Collection[str]) -> Iterator[str]:
        """Yield its statements, but for columns that the table has already: another program's are taken as they are."""
        for statement in self.statements:
            if (added := _ADDS.match(statement)) is None or added[1] not in there:
                yield statement


@cache
def steps() -> tuple[SchemaStep, ...]:
    """Return all steps, the oldest first."""
    files = sorted(Path(__file__).with_name("steps").glob("*.sql"))
    return tuple(read_step(file.stem, file.read_text(encoding="utf-8")) for file in files)


def read_step(name: str, text: str) -> SchemaStep:
    """Read the file of a step. Raises ValueError where its last statement has no end."""
    statements = tuple(_statements(text))
    return SchemaStep(
        name=name,
        statements=statements,
        columns={found[1]: found[2] for statement in statements if (found := _ADDS.match(statement))},
        tables=tuple(found[1] for statement in statements if (found := _TABLE.match(statement))),
    )


def _statements(text: str) -> Iterator[str]:
    """Yield the statements of a file. Lines between them that are empty or a comment belong to none."""
    lines: list[str] = []
    for line in text.splitlines():
        if not lines and (not line.strip() or line.startswith("--")):
            continue
        lines.append(line)
        statement = "\n".join(lines)
        if sqlite3.complete_statement(statement):
            yield statement.removesuffix(";")
            lines.clear()
    if lines:
        raise ValueError(gettext("a statement without an end: {line}", line=lines[0]))
