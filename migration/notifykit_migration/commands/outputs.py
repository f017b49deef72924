"""What options name to be written: each takes a new file, or the place of an earlier one of its sort."""

from __future__ import annotations

from notifykit.terminal.paths import OutputType
from notifykit_migration.journal import folder

PLAN = OutputType('"max_age":', kept=[folder.NAME])
PAGE = OutputType("Migration report", kept=[folder.NAME])
PATCH = OutputType("send status out of this code", kept=[folder.NAME])
