"""The old scheduler's log, where it was kept: it tells which rows were tried, and what came of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from notifykit.durable.ordinary import instead_of_file
from notifykit.wording.translation import gettext
from notifykit_migration.errors import PreflightError

_ID = r"\d{1,19}(?!\d)"
_LINE = re.compile(
    rf"Error executing task ID\D{{0,3}}(?P<failed>{_ID})"
    rf"|Executing task ID\D{{0,3}}(?P<begun>{_ID})"
    rf"|[Tt]ask(?: ID)?\D{{0,3}}(?P<done>{_ID})\D{{0,3}}completed successfully"
)

LONGEST = 1 << 20
"""Characters that are read at once: more than a line of a log has."""


@dataclass(slots=True)
class LegacyLog:
    """What the lines of a log say of each row, by its id."""

    begun: set[int] = field(default_factory=set)
    raised: set[int] = field(default_factory=set)
    done: set[int] = field(default_factory=set)


def read_log(path: Path) -> LegacyLog:
    """Read a log line by line, whatever its encoding. Raises PreflightError where it cannot be read."""
    found = LegacyLog()
    if (instead := instead_of_file(path)) is not None:
        raise PreflightError(gettext("is {found}", found=instead), mend=gettext("check --log"), where=path)
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in iter(lambda: lines.readline(LONGEST), ""):
                for match in _LINE.finditer(line):
                    if match["begun"]:
                        found.begun.add(int(match["begun"]))
                    elif match["failed"]:
                        found.raised.add(int(match["failed"]))
                    else:
                        found.done.add(int(match["done"]))
    except OSError as error:
        raise PreflightError(
            gettext("cannot be read ({strerror})", strerror=error.strerror), mend=gettext("check --log"), where=path
        ) from error
    return found


def require_log(path: Path) -> LegacyLog:
    """Read a log that must be one. Raises PreflightError, also where no line speaks of a row."""
    found = read_log(path)
    if not (found.begun or found.raised or found.done):
        mend = gettext("name the log of the old program's scheduler, or leave --log out")
        raise PreflightError(gettext("no line of it speaks of a task"), mend=mend, where=path)
    return found
